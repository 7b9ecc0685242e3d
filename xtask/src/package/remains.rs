//! What is left of panics in the wasm's data when `panics` has taken their code: their texts, and where in the source
//! something may panic. Nobody reads it then, so it becomes zeros, which weigh nothing.
use std::ops::Range;

use anyhow::{Result, ensure};
use wasmparser::{DataKind, Operator, Parser, Payload};

/// Bytes of such a place (`core::panic::Location`): address and length of the file's path, line, column.
const SIZE: usize = 16;
/// More than any of these numbers, the address apart.
const MOST: usize = 100_000;

/// Texts of the standard library and of ciphers that only panics have. What is missing here only weighs more.
const TEXTS: [&str; 21] = [
    "Attempted to initialize thread-local while it is being dropped",
    "HMAC can take a key of any size",
    "Hash table capacity overflow",
    "LazyCell instance has previously been poisoned",
    "RefCell already borrowed",
    "RefCell already mutably borrowed",
    "StreamCipherError",
    "Tried to shrink to a larger capacity",
    "TryFromIntError",
    "`async fn` resumed after completion",
    "assertion failed: edge.height == self.height - 1",
    "assertion failed: i < self.len()",
    "assertion failed: idx < CAPACITY",
    "assertion failed: old_left_len + count <= CAPACITY",
    "assertion failed: old_left_len >= count",
    "assertion failed: old_right_len + count <= CAPACITY",
    "assertion failed: old_right_len >= count",
    "attempt to divide by zero",
    "called `Option::unwrap()` on a `None` value",
    "internal error: entered unreachable code",
    "number of remaining blocks insufficient",
];

/// Bytes that are in memory from the start.
struct Segment<'a> {
    /// Where in memory.
    address: usize,
    data: &'a [u8],
    /// Where in the wasm.
    offset: usize,
}

/// The wasm without the texts, the places and the paths of their files.
///
/// # Errors
/// It is no wasm, or has none of the places: then they have another form than this looks for.
pub(super) fn blanked(wasm: &[u8]) -> Result<Vec<u8>> {
    let segments = segments(wasm)?;
    let mut out = wasm.to_vec();
    let found: Vec<_> = segments.iter().flat_map(|segment| places(segment, &segments)).flatten().collect();
    ensure!(!found.is_empty(), "it says nowhere where it may panic: the compiler writes that in another form now");
    for range in found.into_iter().chain(segments.iter().flat_map(texts)) {
        out.get_mut(range).into_iter().for_each(|bytes| bytes.fill(0));
    }
    Ok(out)
}

fn segments(wasm: &[u8]) -> Result<Vec<Segment<'_>>> {
    let mut segments = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::DataSection(section) = payload? else { continue };
        for segment in section {
            let segment = segment?;
            let DataKind::Active { offset_expr, .. } = segment.kind else { continue };
            let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? else { continue };
            let offset = segment.range.end - segment.data.len();
            segments.push(Segment { address: usize::try_from(value)?, data: segment.data, offset });
        }
    }
    Ok(segments)
}

/// Where in the wasm the texts in `segment` are.
fn texts(segment: &Segment) -> Vec<Range<usize>> {
    let find = |text: &str| {
        let start = segment.data.windows(text.len()).position(|window| window == text.as_bytes())?;
        Some(segment.offset + start..segment.offset + start + text.len())
    };
    TEXTS.iter().filter_map(|text| find(text)).collect()
}

/// Of each place in `segment`, where in the wasm it is, and where the path of its file.
fn places<'a>(segment: &'a Segment, all: &'a [Segment]) -> impl Iterator<Item = [Range<usize>; 2]> + 'a {
    let aligned = segment.address.next_multiple_of(4) - segment.address;
    let starts = (aligned..).step_by(4).take_while(|start| start + SIZE <= segment.data.len());
    starts.filter_map(move |start| {
        let path = path(segment.data.get(start..start + SIZE)?, all)?;
        let start = segment.offset + start;
        Some([start..start + SIZE, path])
    })
}

/// Where in the wasm the path is of which `place` may tell.
fn path(place: &[u8], all: &[Segment]) -> Option<Range<usize>> {
    let (numbers, _) = place.as_chunks::<4>();
    let &[address, length, line, column] = numbers else { return None };
    let [address, length, line, column] =
        [address, length, line, column].map(|number| u32::from_le_bytes(number) as usize);
    if [length, line, column].iter().any(|number| !(1..MOST).contains(number)) {
        return None;
    }
    all.iter().find_map(|segment| {
        let start = address.checked_sub(segment.address)?;
        let path = segment.data.get(start..start + length)?;
        let is_path = path.ends_with(b".rs") && path.iter().all(u8::is_ascii_graphic);
        is_path.then_some(segment.offset + start..segment.offset + start + length)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{ConstExpr, DataSection, Module};

    fn wasm(data: &[u8]) -> Vec<u8> {
        let mut section = DataSection::new();
        section.active(0, &ConstExpr::i32_const(1002), data.iter().copied());
        let mut module = Module::new();
        module.section(&section);
        module.finish()
    }

    fn place(address: u32, length: u32, line: u32) -> Vec<u8> {
        [address, length, line, 7].map(u32::to_le_bytes).concat()
    }

    #[test]
    fn texts_places_and_paths_become_zeros_and_nothing_else_does() {
        // From 1002 on: the path, a byte that makes the place aligned, then more bytes.
        let rest = [b"kept".to_vec(), place(1002, 9, 0), place(1002, 8, 1), place(9000, 9, 1)].concat();
        let before =
            [b"src/ab.rs|".to_vec(), place(1002, 9, 3), place(1002, 9, 99), TEXTS[3].into(), rest.clone()].concat();
        let after = [b"\0\0\0\0\0\0\0\0\0|".to_vec(), vec![0; 32 + TEXTS[3].len()], rest].concat();
        assert_eq!(blanked(&wasm(&before)).unwrap(), wasm(&after));
    }

    #[test]
    fn a_wasm_that_tells_no_place_is_refused() {
        assert!(blanked(&wasm(b"src/ab.rs|")).is_err());
        assert!(blanked(b"no wasm").is_err());
    }
}
