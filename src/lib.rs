//! Partway uploads files of any size, in parts, from a browser to a session's bucket.
pub mod names;
