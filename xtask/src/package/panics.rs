//! What only says why the program panicked is left out of the wasm. Nobody reads it: this target prints nothing, and no
//! hook is set. A panic traps, as before.
//!
//! It is done by name, in the compiled wasm: the bodies of what only panics, and of all that formats, are replaced by a
//! trap, and what only they used is then dropped by wasm-bindgen. Code that formats for another reason would break by
//! that, so it is refused.
use anyhow::{Result, ensure};
use wasm_encoder::{CodeSection, Instruction, Module, RawSection};
use wasmparser::{FunctionBody, Operator, Parser, Payload};

use crate::functions::{Function, functions};

/// How names begin of which those that never return only panic.
const PANICS: [&str; 14] = [
    "<hashbrown::raw::Fallibility>::capacity_overflow",
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::capacity_overflow",
    "alloc::raw_vec::handle_error",
    "core::cell::lazy::panic_",
    "core::cell::panic_",
    "core::option::",
    "core::panicking::",
    "core::result::",
    "core::slice::",
    "core::str::",
    "std::alloc::",
    "std::panicking::",
    "std::thread::local::panic_",
];
/// How the other names of such functions end.
const ASSERTION: &str = "::assert_failed";
/// Modules that format, and traits of theirs.
const FORMATS: [&str; 4] = ["alloc::fmt::", "core::fmt::", "<core::fmt::", " as core::fmt::"];

/// The wasm with a trap in the place of each text of a panic.
///
/// # Errors
/// It is no wasm with names, or its code formats.
pub(super) fn silenced(wasm: &[u8]) -> Result<Vec<u8>> {
    let functions = functions(wasm)?;
    let mut code = CodeSection::new();
    let trap = trap();
    for function in functions.values() {
        if formats(&function.name) || panics(function)? {
            code.function(&trap);
            continue;
        }
        for called in calls(&function.body)? {
            let called = functions.get(&called).map_or("", |called| &called.name);
            let name = &function.name;
            ensure!(!formats(called), "{name} formats, by {called}: put the text together with `concat` or `push_str`");
        }
        code.raw(function.body.as_bytes());
    }
    let mut out = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::CodeSectionStart { .. } => drop(out.section(&code)),
            payload => {
                let Some((id, range)) = payload.as_section() else { continue };
                out.section(&RawSection { id, data: wasm.get(range).unwrap_or_default() });
            }
        }
    }
    Ok(out.finish())
}

/// What stands for a function that is not to run.
fn trap() -> wasm_encoder::Function {
    let mut trap = wasm_encoder::Function::new([]);
    trap.instruction(&Instruction::Unreachable).instruction(&Instruction::End);
    trap
}

fn formats(name: &str) -> bool {
    let [modules @ .., implemented] = FORMATS;
    modules.iter().any(|module| name.starts_with(module)) || name.starts_with('<') && name.contains(implemented)
}

fn panics(function: &Function) -> Result<bool> {
    let named = PANICS.iter().any(|name| function.name.starts_with(name)) || function.name.ends_with(ASSERTION);
    Ok(named && never_returns(&function.body)?)
}

/// Whether the compiler ended it with a trap, and lets it return nowhere else.
fn never_returns(body: &FunctionBody) -> Result<bool> {
    let (mut last, mut before) = (Operator::Nop, Operator::Nop);
    for operator in body.get_operators_reader()? {
        let operator = operator?;
        if matches!(operator, Operator::Return) {
            return Ok(false);
        }
        before = std::mem::replace(&mut last, operator);
    }
    Ok(matches!((before, last), (Operator::Unreachable, Operator::End)))
}

/// The functions it calls.
fn calls(body: &FunctionBody) -> Result<Vec<u32>> {
    let mut called = Vec::new();
    for operator in body.get_operators_reader()? {
        if let Operator::Call { function_index } = operator? {
            called.push(function_index);
        }
    }
    Ok(called)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{FunctionSection, NameMap, NameSection, TypeSection};

    /// A wasm of these functions, without arguments and results.
    fn wasm(functions: &[(&str, &[Instruction])]) -> Vec<u8> {
        let (mut types, mut section, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
        let (mut map, mut names) = (NameMap::new(), NameSection::new());
        types.ty().function([], []);
        for ((name, body), index) in functions.iter().zip(0..) {
            section.function(0);
            let mut function = wasm_encoder::Function::new([]);
            for instruction in body.iter().chain([&Instruction::End]) {
                function.instruction(instruction);
            }
            code.function(&function);
            map.append(index, name);
        }
        names.functions(&map);
        let mut module = Module::new();
        module.section(&types).section(&section).section(&code).section(&names);
        module.finish()
    }

    #[test]
    fn what_only_panics_or_formats_is_a_trap_and_the_rest_is_as_it_was() {
        let panics = [Instruction::Call(0), Instruction::Unreachable];
        let works = [Instruction::Nop];
        let returns = [Instruction::Return, Instruction::Unreachable];
        let trap = [Instruction::Unreachable];
        let rest: [(&str, &[Instruction]); 3] =
            [("core::slice::sort", &works), ("core::str::finds", &returns), ("app::always_throws", &panics)];
        let with = |first: &[(&str, &[Instruction])]| wasm(&[first, &rest].concat());
        let names = ["core::panicking::panic", "<T>::remove::assert_failed", "<T as core::fmt::Debug>::fmt"];
        let [panic, assertion, debug] = names;
        let before = with(&[(panic, &panics), (assertion, &panics), (debug, &works)]);
        let after = with(&names.map(|name| (name, trap.as_slice())));
        assert_eq!(silenced(&before).unwrap(), after);
        assert_eq!(silenced(&after).unwrap(), after);
    }

    #[test]
    fn code_that_formats_is_refused_by_name() {
        let says = wasm(&[("app::says", &[Instruction::Call(1)]), ("core::fmt::write", &[])]);
        let error = silenced(&says).unwrap_err().to_string();
        assert!(error.starts_with("app::says formats, by core::fmt::write"), "{error}");
    }
}
