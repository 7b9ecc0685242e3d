//! The allocator of the wasm: the standard library's would weigh two kilobytes more.

use rlsf::{GlobalTlsf, GlobalTlsfOptions};

#[global_allocator]
static ALLOCATOR: GlobalTlsf<Options> = GlobalTlsf::new();

/// Pages of memory that lie beside each other become one pool, as the wasm's memory never shrinks.
struct Options;

impl GlobalTlsfOptions for Options {
    const ENABLE_REALLOCATION: bool = false;
}
