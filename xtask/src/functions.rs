//! The functions of a wasm that still has their names.
use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use rustc_demangle::demangle;
use wasmparser::{FunctionBody, KnownCustom, Name, Parser, Payload, TypeRef};

/// One of them.
pub struct Function<'a> {
    /// As Rust writes it; empty where it has none.
    pub name: String,
    /// What it does.
    pub body: FunctionBody<'a>,
}

/// All that are not imported, by their index.
///
/// # Errors
/// It is no wasm, or one without names.
pub fn functions(wasm: &[u8]) -> Result<BTreeMap<u32, Function<'_>>> {
    let (mut imported, mut bodies, mut names) = (0, Vec::new(), BTreeMap::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(subsections) = section.as_known() {
                    for subsection in subsections {
                        let Name::Function(functions) = subsection? else { continue };
                        for function in functions {
                            let function = function?;
                            names.insert(function.index, format!("{:#}", demangle(function.name)));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    ensure!(!names.is_empty(), "its functions have no names");
    let named = |(index, body)| (index, Function { name: names.remove(&index).unwrap_or_default(), body });
    Ok((imported..).zip(bodies).map(named).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_names_is_refused() {
        assert!(functions(b"\0asm\x01\0\0\0").is_err());
        assert!(functions(b"no wasm").is_err());
    }
}
