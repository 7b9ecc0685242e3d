//! The seven bucket endpoints.

use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::{JSON_LIMIT, TAGS_LIMIT, json};
use crate::body;
use crate::error::ApiError;
use crate::layers;
use crate::link::Opens;
use crate::random;
use crate::state::Shared;
use crate::store::{Access, FileKey, Incoming, NewFile, Page, Role, Slot, Ticket, too_many_bytes};

/// Most parts a file can have, as in S3.
const MOST_PARTS: u32 = 10_000;
/// Longest `encryptedName`, in bytes.
const LONGEST_NAME: usize = 4096;
/// Bytes gathered before they are hashed and written.
const BATCH: usize = 256 << 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    total_parts: u32,
    #[serde(default)]
    encrypted_name: Option<String>,
    original_size_in_bytes: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    upload_id: String,
    file_key: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    tag: String,
    part_number: u32,
}

#[derive(Deserialize)]
struct Complete {
    tags: Vec<String>,
    key: String,
}

#[derive(Serialize)]
struct Link {
    url: String,
}

/// `GET /buckets`
pub(super) async fn list(State(app): State<Shared>, access: Access) -> Result<Response, ApiError> {
    let Page { json, next } = app.store.list(access.session).await?;
    let kind = [(header::CONTENT_TYPE, "application/json")];
    let Some(cursor) = next else { return Ok((kind, json).into_response()) };
    // What is longer than a page is made while it is read. Where that fails it is cut, and so no JSON.
    let begun = stream::once(std::future::ready(Ok(page(json))));
    let rest = stream::try_unfold(Some(cursor), move |cursor| {
        let app = app.clone();
        async move {
            let Some(cursor) = cursor else { return Ok::<_, ApiError>(None) };
            let Page { json, next } = app.store.list_on(cursor).await?;
            Ok(Some((page(json), next)))
        }
    });
    Ok((kind, Body::from_stream(begun.chain(rest))).into_response())
}

/// The bytes of a page, and no room beside them.
fn page(json: Vec<u8>) -> Bytes {
    json.into_boxed_slice().into()
}

/// `POST /buckets`
pub(super) async fn start(
    State(app): State<Shared>,
    access: Access,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let start: Start = body::json(&headers, body, JSON_LIMIT).await?;
    if !(1..=MOST_PARTS).contains(&start.total_parts) {
        return Err(ApiError::invalid("totalParts must be 1 to 10000."));
    }
    if start.original_size_in_bytes == 0 && start.total_parts > 1 {
        return Err(ApiError::invalid("A file of 0 bytes has one part, an empty one."));
    }
    if start.original_size_in_bytes > i64::MAX as u64 {
        return Err(ApiError::invalid("originalSizeInBytes must fit an int64."));
    }
    if start.encrypted_name.as_ref().is_some_and(|name| name.len() > LONGEST_NAME) {
        let message = "encryptedName may have at most 4096 bytes.";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "KeyTooLongError", message));
    }
    // In JSON each is up to six bytes long, and no name that is shown has one.
    if start.encrypted_name.as_ref().is_some_and(|name| name.contains(char::is_control)) {
        return Err(ApiError::invalid("encryptedName may have no control characters."));
    }
    let new = NewFile {
        creator: access.user.id,
        name: start.encrypted_name,
        total_parts: start.total_parts,
        size: start.original_size_in_bytes,
    };
    let (file, upload_id) = app.store.start_file(access.session, new).await?;
    json(&Started { upload_id, file_key: random::hex(&file.0) })
}

/// `PUT /buckets`
pub(super) async fn put_part(
    State(app): State<Shared>,
    access: Access,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let number = one(&headers, "partNumber")?.parse::<u32>().ok();
    let number = number.filter(|number| (1..=MOST_PARTS).contains(number));
    let slot = Slot {
        session: access.session,
        number: number.ok_or_else(|| ApiError::invalid("partNumber must be 1 to totalParts."))?,
        file: percent_decode_str(one(&headers, "key")?)
            .decode_utf8()
            .ok()
            .and_then(|key| file_key(&key))
            .ok_or_else(ApiError::no_upload)?,
        upload_id: one(&headers, "uploadId")?.to_owned(),
    };
    let declared = body::declared(&headers);
    if declared.is_some_and(|length| length > app.config.max_part_size) {
        return Err(too_many_bytes());
    }
    let ticket = app.store.begin_part(&slot, declared.unwrap_or_default()).await?;
    // What is not declared is taken while it comes.
    let taken = declared.unwrap_or_default();
    let (incoming, size) = receive(&app, &slot, &ticket, body, taken).await?;
    // Whoever was removed meanwhile stores nothing.
    app.store.ensure_member(access.session, access.member).await?;
    let number = slot.number;
    let tag = app.store.put_part(slot, incoming, size).await?;
    let etag = HeaderValue::from_str(&tag);
    let mut response = json(&Stored { tag, part_number: number })?;
    if let Ok(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag);
    }
    Ok(response)
}

/// `POST /buckets/complete`
pub(super) async fn complete(
    State(app): State<Shared>,
    access: Access,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let Complete { tags, key } = body::json(&headers, body, TAGS_LIMIT).await?;
    let file = file_key(&key).ok_or_else(ApiError::no_key)?;
    json(&app.store.complete(access.session, file, tags, app.config.min_part_size).await?)
}

/// `DELETE /buckets/{fileId}`
pub(super) async fn remove(
    State(app): State<Shared>,
    access: Access,
    key: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let file = in_path(key)?;
    if access.rules.guests_delete_own_files_only && access.user.role == Role::Guest {
        let info = app.store.file(access.session, file).await?;
        if info.creator_id != access.user.id {
            return Err(ApiError::refused("AccessDenied", "Guests of this session remove their own files only."));
        }
    }
    app.store.remove(access.session, file).await?;
    app.revocations.announce();
    Ok(StatusCode::OK)
}

/// `GET /buckets/file/{fileId}`
pub(super) async fn file(
    State(app): State<Shared>,
    access: Access,
    key: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    json(&app.store.file(access.session, in_path(key)?).await?)
}

/// `GET /buckets/download/{fileId}`
pub(super) async fn download(
    State(app): State<Shared>,
    access: Access,
    key: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let file = in_path(key)?;
    if !app.store.file(access.session, file).await?.completed {
        return Err(ApiError::conflict("InvalidObjectState", "The file is not complete yet."));
    }
    // Without a public address: the host by which this client reaches the gateway, so that a page's policy of talking
    // to its own origin only covers the link too.
    let base = match &app.config.public_url {
        Some(url) => url.base.clone(),
        None => {
            let authority = layers::authority(&uri, &headers);
            let authority = authority.ok_or_else(|| ApiError::invalid("The Host header is missing."))?;
            format!("http://{authority}")
        }
    };
    let opens = Opens { file, member: access.member };
    let signed = app.links.sign(opens, SystemTime::now() + app.config.link_life);
    json(&Link { url: format!("{base}/v1/link/{signed}") })
}

/// Reads a part into a temporary file, hashed while it arrives. `taken` bytes of it are reserved; what comes beyond
/// them is, before it is written. Gives the file and its size.
async fn receive(
    app: &Shared,
    slot: &Slot,
    ticket: &Arc<Ticket>,
    mut body: Body,
    mut taken: u64,
) -> Result<(Incoming, u64), ApiError> {
    let incoming = app.store.receive(ticket).await?;
    let (mut size, mut batch, mut gathered) = (0_u64, Vec::new(), 0);
    // One batch is written while the next one arrives.
    let mut writing: Writing = tokio::task::spawn_blocking(move || Ok(incoming));
    loop {
        let data = ticket.listen(body::next(&mut body)).await?;
        let ended = data.is_none();
        if let Some(data) = data {
            ticket.came(data.len() as u64);
            size = size.saturating_add(data.len() as u64);
            if size > app.config.max_part_size {
                return Err(too_many_bytes());
            }
            gathered += data.len();
            batch.push(data);
        }
        if gathered < BATCH && !ended {
            continue;
        }
        if size > taken {
            app.store.take(slot, ticket, size - taken).await?;
            taken = size;
        }
        let mut file = written(writing).await?;
        let chunks: Vec<Bytes> = std::mem::take(&mut batch);
        gathered = 0;
        writing = tokio::task::spawn_blocking(move || file.write(&chunks).map(|()| file));
        if ended {
            return Ok((written(writing).await?, size));
        }
    }
}

/// A part's file, away to be written to.
type Writing = tokio::task::JoinHandle<Result<Incoming, ApiError>>;

async fn written(task: Writing) -> Result<Incoming, ApiError> {
    match task.await {
        Ok(result) => result,
        Err(error) => Err(ApiError::internal("writing a part", &error)),
    }
}

/// The value of a header that must be there once.
fn one<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, ApiError> {
    let mut values = headers.get_all(name.to_ascii_lowercase()).iter();
    match (values.next().map(HeaderValue::to_str), values.next()) {
        (Some(Ok(value)), None) => Ok(value),
        _ => Err(ApiError::invalid(format!("The header {name} must be there once."))),
    }
}

/// The file key that a client names. What cannot be a key is the key of no file.
fn file_key(text: &str) -> Option<FileKey> {
    random::from_hex(text).map(FileKey)
}

fn in_path(key: Result<Path<String>, PathRejection>) -> Result<FileKey, ApiError> {
    key.ok().and_then(|Path(key)| file_key(&key)).ok_or_else(ApiError::no_key)
}
