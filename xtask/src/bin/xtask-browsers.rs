//! The commands that drive browsers. `cargo xtask test` and `cargo xtask screenshot` build this and become it.
fn main() {}
