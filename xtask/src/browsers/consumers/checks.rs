//! What others' tools say of the packed package: its manifest, its types, what it weighs, and what importing it does.
use anyhow::{Result, ensure};

use super::{Scene, fresh::Fresh};

/// What they are called together.
pub const NAME: &str = "package";
/// Entries of the manifest that are no modules.
const NO_MODULES: [&str; 3] = ["./partway_wasm_bg.wasm", "./custom-elements.json", "./package.json"];
/// Every entry that is one.
const ENTRIES: [&str; 4] = ["partway", "partway/element", "partway/react", "partway/inline"];
/// The package that holds a compiler, and what the compiler is called.
const COMPILERS: [(&str, &str); 2] = [("typescript-5", "TypeScript 5"), ("typescript", "TypeScript 7")];

/// Runs all of them in a folder of their own.
pub(super) fn run(scene: &Scene<'_>) {
    let Some(fresh) = scene.check(NAME, "install", || install(scene)) else { return };
    let (tools, folder) = (&scene.tools, &fresh.folder);
    let tarball = scene.tarball.to_string_lossy();
    scene.check(NAME, "publint --strict", || {
        let said = tools.installed(folder, "publint", &["--strict", &tarball])?;
        ensure!(said.contains("All good!"), "{said}");
        Ok(())
    });
    scene.check(NAME, "attw", || {
        let flags = ["--profile", "esm-only", "--no-definitely-typed", "--no-emoji", "--exclude-entrypoints"];
        tools.installed(folder, "attw", &[&[&*tarball], flags.as_slice(), &NO_MODULES].concat())
    });
    for (package, name) in COMPILERS {
        let compiler = format!("node_modules/{package}/bin/tsc");
        scene.check(NAME, &format!("types in {name}"), || tools.node(folder, &[&compiler, "--project", "types"]));
    }
    scene.check(NAME, "source by tsc --strict --checkJs", || {
        tools.node(folder, &["node_modules/typescript/bin/tsc", "--project", "source.json"])
    });
    scene.check(NAME, "the element's weight", || {
        let said = tools.node(folder, &["weight.mjs"])?;
        print!("{said}");
        ensure!(said.starts_with("the element: "), "{said}");
        Ok(())
    });
    for (file, name) in [("manifest.mjs", "custom-elements.json"), ("languages.mjs", "languages")] {
        scene.check(NAME, name, || {
            let test = format!("tests/element/{file}");
            let said = tools.node(&scene.place.workspace.root, &["--test", &test])?;
            // A run without a test would be a success too.
            ensure!(said.contains("# fail 0") && !said.contains("# pass 0"), "{said}");
            Ok(())
        });
    }
    for entry in ENTRIES {
        scene.check(NAME, &format!("import {entry}"), || {
            let said = tools.node(folder, &["imports.mjs", entry])?;
            ensure!(said.starts_with(&format!("import \"{entry}\": ")), "{said}");
            Ok(())
        });
    }
}

fn install(scene: &Scene<'_>) -> Result<Fresh> {
    let workspace = scene.place.workspace;
    let fresh = Fresh::copy(workspace, "tests/consumers", &scene.folder.join("checks"))?;
    fresh.install(&scene.tools, &scene.versions, &[("typescript-5", "typescript@5")], &scene.tarball)?;
    // The element's own source beside it, where the types of React are found: tsc takes no installed package for
    // source.
    fresh.copy_package("source")?;
    Ok(fresh)
}
