//! What a request asks of the service, read from the request itself.

use crate::model::service::decoded;
use partway::protocol::{Body, Method, Request};

#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    Rules,
    List,
    Start { parts: u32, size: u64, name: String },
    Part { key: String, upload_id: String, number: u32 },
    Complete { key: String, tags: Vec<String> },
    File(String),
    Link(String),
    Remove(String),
}

impl Wanted {
    pub fn of(request: &Request) -> Self {
        let header = |name| request.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.as_str());
        let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
        match (request.method, request.path.as_str(), &request.body) {
            (Method::Get, "/session/current", _) => Self::Rules,
            (Method::Get, "/buckets", _) => Self::List,
            (Method::Put, ..) => Self::Part {
                key: decoded(header("key").expect("a key")),
                upload_id: header("uploadId").expect("an upload ID").to_owned(),
                number: header("partNumber").and_then(|number| number.parse().ok()).expect("a number"),
            },
            (Method::Post, "/buckets", Body::Json(body)) => {
                let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
                Self::Start {
                    parts: body["totalParts"].as_u64().expect("a number") as u32,
                    size: body["originalSizeInBytes"].as_u64().expect("a number"),
                    name: text(&body["encryptedName"]),
                }
            }
            (Method::Post, _, Body::Json(body)) => {
                let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
                let tags = body["tags"].as_array().expect("tags").iter().map(text).collect();
                Self::Complete { key: text(&body["key"]), tags }
            }
            (Method::Get, path, _) => match path.strip_prefix("/buckets/file/") {
                Some(key) => Self::File(decoded(key)),
                None => Self::Link(decoded(path.strip_prefix("/buckets/download/").expect("a path of the API"))),
            },
            (_, path, _) => Self::Remove(decoded(path.strip_prefix("/buckets/").expect("a path of the API"))),
        }
    }

    /// The key it names, if it does.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Rules | Self::List | Self::Start { .. } => None,
            Self::Part { key, .. } | Self::Complete { key, .. } => Some(key),
            Self::File(key) | Self::Link(key) | Self::Remove(key) => Some(key),
        }
    }
}
