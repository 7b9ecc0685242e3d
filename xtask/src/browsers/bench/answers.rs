//! What the server of the race answers, in each of its three protocols, and what it notes in the books.
use axum::body::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Response, StatusCode,
    header::{CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, HeaderValue},
    http::request::Parts,
};
use serde_json::{Value, json};

use super::{
    books::Stored,
    sink::{Answer, Run, lock},
};

/// An answer without a body.
#[must_use]
pub fn status(status: StatusCode) -> Answer {
    let mut answer = Response::default();
    *answer.status_mut() = status;
    answer
}

/// An answer with a body and one header.
#[must_use]
pub fn with(name: HeaderName, value: &'static str, body: Vec<u8>) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    answer.headers_mut().insert(name, HeaderValue::from_static(value));
    answer
}

fn json(value: &Value) -> Answer {
    with(CONTENT_TYPE, "application/json", value.to_string().into_bytes())
}

fn xml(text: String) -> Answer {
    with(CONTENT_TYPE, "application/xml", text.into_bytes())
}

/// What a request is answered whose body of `length` bytes was read; `None` where it is wrong.
pub fn answer(run: &Run, head: &Parts, path: &str, length: u64, body: &[u8]) -> Option<Answer> {
    let (protocol, path) = path.split_once('/')?;
    match protocol {
        "v1" => upload_api(run, head, path, length, body),
        "s3" => s3(run, head, path, length, body),
        _ => range(run, head, path, length),
    }
}

/// `docs/upload-api.md`.
fn upload_api(run: &Run, head: &Parts, path: &str, length: u64, body: &[u8]) -> Option<Answer> {
    let header = |name: &str| head.headers.get(name)?.to_str().ok();
    let mut books = run.books();
    let answer = match (&head.method, path) {
        (&Method::GET, "session/current") => json!({ "id": "session" }),
        (&Method::PUT, "list") => {
            *lock(&run.list) = Some(Bytes::copy_from_slice(body));
            json!({})
        }
        (&Method::GET, "buckets") => {
            if let Some(list) = lock(&run.list).clone() {
                return Some(with(CONTENT_TYPE, "application/json", list.to_vec()));
            }
            books.files.iter().map(|(key, file)| info(key, file)).collect()
        }
        (&Method::POST, "buckets") => {
            let asked: Value = serde_json::from_slice(body).ok()?;
            let key = format!("key-{}", books.files.len() + 1);
            let file = Stored {
                name: asked.get("encryptedName")?.as_str()?.to_owned(),
                size: Some(asked.get("originalSizeInBytes")?.as_u64()?),
                total_parts: Some(asked.get("totalParts")?.as_u64()?),
                ..Stored::default()
            };
            books.files.insert(key.clone(), file);
            json!({ "uploadId": format!("upload-of-{key}"), "fileKey": key })
        }
        (&Method::PUT, "buckets") => {
            let (number, key) = (header("partNumber")?.parse().ok()?, header("key")?);
            let file = books.files.get_mut(key).filter(|_| header("uploadId") == Some(&format!("upload-of-{key}")))?;
            file.parts.insert(number, length);
            json!({ "tag": format!("tag-{number}"), "partNumber": number })
        }
        (&Method::POST, "buckets/complete") => {
            let asked: Value = serde_json::from_slice(body).ok()?;
            let tags = asked.get("tags")?.as_array()?;
            let file = books.files.get_mut(asked.get("key")?.as_str()?)?;
            let in_order = tags.iter().zip(1..).all(|(tag, number)| tag.as_str() == Some(&format!("tag-{number}")));
            file.completed = in_order && file.has_parts(tags.len() as u64);
            file.completed.then(|| json!({}))?
        }
        (method, path) => {
            let key = path.strip_prefix("buckets/")?;
            match method {
                &Method::DELETE => books.files.remove(key).map(|_| json!({}))?,
                _ => {
                    let key = key.strip_prefix("file/")?;
                    info(key, books.files.get(key)?)
                }
            }
        }
    };
    Some(json(&answer))
}

fn info(key: &str, file: &Stored) -> Value {
    json!({
        "fileKey": key,
        "fileName": file.name,
        "completed": file.completed,
        "originalSizeInBytes": file.size,
        "totalParts": file.total_parts,
    })
}

/// As much of S3 as an upload asks for.
fn s3(run: &Run, head: &Parts, path: &str, length: u64, body: &[u8]) -> Option<Answer> {
    let key = path.strip_prefix("bucket/")?;
    let query: Vec<(&str, &str)> = head
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    let asked = |name: &str| query.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let mut books = run.books();
    let file = books.files.entry(key.to_owned()).or_default();
    if head.method == Method::PUT {
        let part = asked("partNumber");
        file.parts.insert(part.map_or(Some(1), |number| number.parse().ok())?, length);
        file.completed |= part.is_none();
        return Some(with(ETAG, "\"etag\"", Vec::new()));
    }
    if head.method != Method::POST {
        return Some(status(StatusCode::NO_CONTENT));
    }
    if asked("uploads").is_some() {
        return Some(xml(format!(
            "<?xml version=\"1.0\"?><InitiateMultipartUploadResult><Bucket>bucket</Bucket><Key>{key}</Key>\
             <UploadId>upload</UploadId></InitiateMultipartUploadResult>"
        )));
    }
    let count = std::str::from_utf8(body).ok()?.matches("<PartNumber>").count() as u64;
    file.completed = asked("uploadId") == Some("upload") && file.has_parts(count);
    file.completed.then(|| {
        xml(format!(
            "<?xml version=\"1.0\"?><CompleteMultipartUploadResult><Location>/bucket/{key}</Location>\
             <Bucket>bucket</Bucket><Key>{key}</Key><ETag>\"etag\"</ETag></CompleteMultipartUploadResult>"
        ))
    })
}

/// `Content-Range: bytes 0-9/10`.
fn range(run: &Run, head: &Parts, path: &str, length: u64) -> Option<Answer> {
    let range = head.headers.get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?;
    let (range, size) = range.split_once('/')?;
    let (start, end): (u64, u64) = range.split_once('-').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)))?;
    let size: u64 = size.parse().ok().filter(|_| end + 1 == start + length)?;
    let mut books = run.books();
    let file = books.files.entry(path.to_owned()).or_default();
    file.size = Some(size);
    file.parts.insert(start, length);
    file.completed = file.has_ranges(size);
    Some(status(StatusCode::OK))
}
