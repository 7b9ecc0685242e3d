//! The generated glue, made smaller: without comments and indents, and with short names for what the wasm imports from
//! it, and for the closures it calls. The names that wasm-bindgen gives are hashes and types, which no compression
//! shortens, and stand in both files.
use std::{fs, path::Path};

use anyhow::{Context, Result, bail, ensure};
use wasm_encoder::{EntityType, ExportSection, ImportSection, Module, RawSection};
use wasmparser::{ExportSectionReader, ImportSectionReader, Parser, Payload, TypeRef};

use super::comments::without_comments;

/// What the wasm calls the glue.
const MODULE: &str = "_";

/// How the compiler's names begin: of the exports only what calls a closure has one, and nobody but the glue knows it.
const MANGLED: &str = "_R";

/// Makes the glue `js` and the imports of its `wasm` smaller.
///
/// # Errors
/// A file cannot be read or written, or is not what wasm-bindgen writes.
pub(super) fn shrink(wasm: &Path, js: &Path) -> Result<()> {
    let bytes = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let text = fs::read_to_string(js).with_context(|| format!("cannot read {}", js.display()))?;
    let (bytes, text) =
        without_comments(&text).and_then(|text| renamed(&bytes, text)).with_context(|| js.display().to_string())?;
    fs::write(wasm, bytes).with_context(|| format!("cannot write {}", wasm.display()))?;
    fs::write(js, text).with_context(|| format!("cannot write {}", js.display()))
}

/// Both with short names for the imports.
fn renamed(wasm: &[u8], mut js: String) -> Result<(Vec<u8>, String)> {
    let mut out = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        let Some((id, range)) = payload.as_section() else { continue };
        match payload {
            Payload::ImportSection(imports) => out.section(&renamed_imports(imports, &mut js)?),
            Payload::ExportSection(exports) => out.section(&renamed_exports(exports, &mut js)?),
            _ => {
                let data = wasm.get(range).context("a section is longer than the wasm")?;
                out.section(&RawSection { id, data })
            }
        };
    }
    Ok((out.finish(), js))
}

fn renamed_imports(imports: ImportSectionReader, js: &mut String) -> Result<ImportSection> {
    let mut section = ImportSection::new();
    for (place, import) in imports.into_imports().enumerate() {
        let import = import?;
        let TypeRef::Func(function) = import.ty else { bail!("{} is imported, and is no function", import.name) };
        let name = short(place);
        *js = replaced(js, &format!("\n{}: ", import.name), &format!("\n{name}: "))?;
        if place == 0 {
            *js = replaced(js, &format!("{:?}: ", import.module), &format!("{MODULE:?}: "))?;
        }
        section.import(MODULE, &name, EntityType::Function(function));
    }
    Ok(section)
}

fn renamed_exports(exports: ExportSectionReader, js: &mut String) -> Result<ExportSection> {
    let mut section = ExportSection::new();
    for (place, export) in exports.into_iter().enumerate() {
        let export = export?;
        let mut name = export.name.to_owned();
        if name.starts_with(MANGLED) {
            name = format!("invoke_{}", short(place));
            ensure!(js.contains(export.name) && !js.contains(&name), "the glue does not know {}", export.name);
            *js = js.replace(export.name, &name);
        }
        section.export(&name, export.kind.into(), export.index);
    }
    Ok(section)
}

fn replaced(text: &str, old: &str, new: &str) -> Result<String> {
    ensure!(text.matches(old).count() == 1, "{old:?} does not stand in it once");
    Ok(text.replacen(old, new, 1))
}

/// The name of the import at `place`: a, b, … z, aa, ba, …
fn short(mut place: usize) -> String {
    let mut name = String::new();
    loop {
        name.extend(('a'..='z').nth(place % 26));
        if place < 26 {
            return name;
        }
        place = place / 26 - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::ExportKind;

    /// One type, and one import of it: `b` of the module `a`.
    const WASM: [u8; 23] = [0, b'a', b's', b'm', 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, b'a', 1, b'b', 0, 0];

    #[test]
    fn imports_get_short_names_in_both_files() {
        let js = "/* @ts-self-types */\n/**\n * Of x.\n */\nlet x = {\n    b: f, // code\n};\nlet y = { \"a\": x };\n";
        let (renamed, js) = renamed(&WASM, without_comments(js).unwrap()).unwrap();
        assert_eq!(js, "/* @ts-self-types */\nlet x = {\na: f, // code\n};\nlet y = { \"_\": x };\n");
        let mut expected = WASM.to_vec();
        (expected[18], expected[20]) = (b'_', b'a');
        assert_eq!(renamed, expected);
    }

    #[test]
    fn what_calls_closures_gets_a_short_name_in_both_files() {
        let wasm = |name: &str| {
            let (mut module, mut exports) = (Module::new(), ExportSection::new());
            exports.export("memory", ExportKind::Memory, 0).export(name, ExportKind::Func, 7);
            module.section(&exports);
            module.finish()
        };
        let js = "make(_RINv6invoke);\nfunction _RINv6invoke() {\nwasm._RINv6invoke(wasm.memory);\n}\n";
        let (bytes, text) = renamed(&wasm("_RINv6invoke"), js.to_owned()).unwrap();
        assert_eq!(bytes, wasm("invoke_b"));
        assert_eq!(text, js.replace("_RINv6invoke", "invoke_b"));
        assert!(renamed(&wasm("_RINv6other"), js.to_owned()).is_err());
    }

    #[test]
    fn glue_of_another_wasm_is_refused() {
        assert!(renamed(&WASM, "c: f".to_owned()).is_err());
    }

    #[test]
    fn every_place_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = (0..2000).map(short).collect();
        assert_eq!(names.len(), 2000);
        assert_eq!((short(0), short(25), short(26)), ("a".into(), "z".into(), "aa".into()));
    }
}
