//! Requests, exactly as documented: path, headers and body, before any transport.

use super::json::quote;
use super::key::{encode_segment, key_header};
use crate::text::decimal;

/// Most bytes read of an answer, a list apart.
pub const ANSWER_CAP: usize = 64 * 1024;
/// Most bytes read of a list of files (some 50,000 entries).
pub const LIST_CAP: usize = 32 * 1024 * 1024;

/// HTTP methods of the Upload API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Starts or completes an upload.
    Post,
    /// Stores a part.
    Put,
    /// Removes a file.
    Delete,
}

/// What a request carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// JSON text, sent as `application/json`.
    Json(String),
    /// A part's bytes, which the transport takes from the file.
    Part,
}

/// One request, without the endpoint, the token and the API key, which the transport adds.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path below the endpoint, percent-encoded, beginning with a slash.
    pub path: String,
    /// The headers this call documents.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
    /// Most bytes of the answer worth reading.
    pub cap: usize,
}

impl Request {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: Body::Empty, cap: ANSWER_CAP }
    }

    /// `GET /buckets`: every file of the session.
    #[must_use]
    pub fn list() -> Self {
        Self { cap: LIST_CAP, ..Self::new(Method::Get, "/buckets") }
    }

    /// `POST /buckets`: starts an upload of `parts` parts and `size` bytes under an encrypted name.
    #[must_use]
    pub fn start(parts: u32, name: &str, size: u64) -> Self {
        let mut json = ["{\"totalParts\":", &decimal(parts), ",\"encryptedName\":"].concat();
        quote(&mut json, name);
        json.push_str(&[",\"originalSizeInBytes\":", &decimal(size), "}"].concat());
        Self { body: Body::Json(json), ..Self::new(Method::Post, "/buckets") }
    }

    /// `PUT /buckets`: stores part `number`, counted from 1.
    #[must_use]
    pub fn part(key: &str, upload_id: &str, number: u32) -> Self {
        let headers =
            vec![("partNumber", decimal(number)), ("key", key_header(key)), ("uploadId", upload_id.to_owned())];
        Self { headers, body: Body::Part, ..Self::new(Method::Put, "/buckets") }
    }

    /// `POST /buckets/complete`: joins the parts; `tags` in part order, byte for byte as received.
    #[must_use]
    pub fn complete(key: &str, tags: &[String]) -> Self {
        let mut json = "{\"tags\":[".to_owned();
        for (place, tag) in tags.iter().enumerate() {
            if place > 0 {
                json.push(',');
            }
            quote(&mut json, tag);
        }
        json.push_str("],\"key\":");
        quote(&mut json, key);
        json.push('}');
        Self { body: Body::Json(json), ..Self::new(Method::Post, "/buckets/complete") }
    }

    /// `DELETE /buckets/{fileId}`.
    #[must_use]
    pub fn remove(key: &str) -> Self {
        Self::new(Method::Delete, ["/buckets/", &encode_segment(key)].concat())
    }

    /// `GET /buckets/file/{fileId}`.
    #[must_use]
    pub fn file(key: &str) -> Self {
        Self::new(Method::Get, ["/buckets/file/", &encode_segment(key)].concat())
    }

    /// `GET /buckets/download/{fileId}`.
    #[must_use]
    pub fn download(key: &str) -> Self {
        Self::new(Method::Get, ["/buckets/download/", &encode_segment(key)].concat())
    }

    /// `GET /session/current`: the session's rules.
    #[must_use]
    pub fn rules() -> Self {
        Self::new(Method::Get, "/session/current")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_hold_just_the_documented_fields() {
        assert_eq!(
            Request::start(3, "pw1.AA", 17).body,
            Body::Json(r#"{"totalParts":3,"encryptedName":"pw1.AA","originalSizeInBytes":17}"#.into())
        );
        let tags = ["\"a\"".to_owned(), "b".to_owned()];
        assert_eq!(Request::complete("k", &tags).body, Body::Json(r#"{"tags":["\"a\"","b"],"key":"k"}"#.into()));
    }

    #[test]
    fn a_part_carries_three_headers() {
        let request = Request::part("ké", "u1", 7);
        assert_eq!(request.headers, [("partNumber", "7".into()), ("key", "k%C3%A9".into()), ("uploadId", "u1".into())]);
    }

    #[test]
    fn a_key_stays_one_segment() {
        assert_eq!(Request::file("a/../b").path, "/buckets/file/a%2F..%2Fb");
    }
}
