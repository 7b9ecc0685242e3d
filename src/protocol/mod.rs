//! The Upload API as plain values: [`Request`]s out, answers in, and what a failure means.
//!
//! Pure: nothing here sends anything. Shapes are read tolerantly (unknown fields ignored, nullable fields may be
//! missing) and sent strictly (documented paths, headers and fields, nothing else).

mod answer;
mod failure;
mod json;
mod key;
mod list;
mod request;
mod response;
mod retry_after;
mod rules;

pub use answer::{FileInfo, Started, file_info, link, part_tag, says_complete, session_rules, started};
pub use failure::{Code, Failure};
pub use key::{InvalidKey, check_key, encode_segment, key_header};
pub use list::FileList;
pub use request::{ANSWER_CAP, Body, LIST_CAP, Method, Request};
pub use response::{Response, is_success};
pub use retry_after::retry_after;
pub use rules::Rules;
