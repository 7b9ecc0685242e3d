//! What is served as it was written: the hand-written modules, types, texts and licences. What every page loads of
//! them is served without comments.
use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{comments::without_comments, weights::LOADED};
use crate::workspace::Workspace;

/// Files of `www/` that are in the package; what else is there belongs to the demo page.
const FILES: [&str; 13] = [
    "custom-elements.json",
    "element.d.ts",
    "inline.d.ts",
    "inline.js",
    "partway.d.ts",
    "partway.js",
    "partway_api.js",
    "partway_load.js",
    "partway_names.js",
    "partway_node.js",
    "react.d.ts",
    "react.js",
    "element",
];
/// Files of the repository's root that npm shows, or that the licences ask for.
const TEXTS: [&str; 3] = ["README.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Copies them into `folder`.
///
/// # Errors
/// One is missing, or cannot be read or written.
pub(super) fn copy(workspace: &Workspace, folder: &Path) -> Result<()> {
    for name in FILES {
        copy_all(&workspace.path("www").join(name), &folder.join(name))?;
    }
    for name in LOADED.iter().filter(|name| FILES.contains(name)) {
        let module = folder.join(name);
        let text = without_comments(&fs::read_to_string(&module)?).with_context(|| module.display().to_string())?;
        fs::write(&module, text).with_context(|| format!("cannot write {}", module.display()))?;
    }
    for name in TEXTS {
        copy_all(&workspace.path(name), &folder.join(name))?;
    }
    let readme = folder.join("README.md");
    let text = fs::read_to_string(&readme)?;
    fs::write(&readme, without_pictures(&text)).context("cannot write the package's README.md")
}

/// Writes the module that holds `wasm` as text: `www/inline.js` imports it.
///
/// # Errors
/// A file cannot be read or written.
pub(super) fn write_inline(wasm: &Path, module: &Path) -> Result<()> {
    let bytes = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let text = format!("// The WebAssembly, as base64.\nexport default \"{}\";\n", BASE64_STANDARD.encode(bytes));
    fs::write(module, text).with_context(|| format!("cannot write {}", module.display()))
}

/// Copies a file, or a folder with all that is in it.
fn copy_all(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(drop).with_context(|| format!("cannot copy {}", from.display()));
    }
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        ensure!(!entry.file_type()?.is_symlink(), "{} is a link", entry.path().display());
        copy_all(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Pictures are not in the package, and npm would show where they are missing.
fn without_pictures(markdown: &str) -> String {
    markdown.split_inclusive('\n').filter(|line| !line.starts_with("![")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_loses_its_pictures_and_nothing_else() {
        let text = "# P\n\n![A page](www/page.png)\n\nSee ![x] and [y](z).\n";
        assert_eq!(without_pictures(text), "# P\n\n\nSee ![x] and [y](z).\n");
    }

    #[test]
    fn a_folder_is_copied_with_all_that_is_in_it() {
        let root = std::env::temp_dir().join(format!("partway-sources-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("from/languages")).unwrap();
        fs::write(root.join("from/index.js"), "one").unwrap();
        fs::write(root.join("from/languages/en.js"), "two").unwrap();
        copy_all(&root.join("from"), &root.join("to")).unwrap();
        assert_eq!(fs::read_to_string(root.join("to/index.js")).unwrap(), "one");
        assert_eq!(fs::read_to_string(root.join("to/languages/en.js")).unwrap(), "two");
        assert!(copy_all(&root.join("none"), &root.join("to/none")).is_err());
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn the_inline_module_holds_the_bytes() {
        let root = std::env::temp_dir().join(format!("partway-inline-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join("a.wasm"), b"\0asm\xff\xfe").unwrap();
        write_inline(&root.join("a.wasm"), &root.join("a.js")).unwrap();
        let text = fs::read_to_string(root.join("a.js")).unwrap();
        assert_eq!(text.lines().last(), Some("export default \"AGFzbf/+\";"));
        fs::remove_dir_all(&root).unwrap();
    }
}
