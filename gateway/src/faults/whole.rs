//! A request that is read to its end before anything happens.

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt as _;
use serde::Deserialize;

use super::act::Dropped;

/// A request whose body is here.
pub(super) struct Whole {
    head: Request<()>,
    chunks: Vec<Bytes>,
}

/// The body of a completion.
#[derive(Deserialize)]
pub(super) struct Completion {
    /// The file.
    pub key: String,
    /// One tag a part.
    #[serde(default)]
    pub tags: Vec<String>,
}

impl Whole {
    /// Reads `request` to its end.
    ///
    /// # Errors
    /// The body breaks off.
    pub async fn read(request: Request<Body>) -> Result<Self, Dropped> {
        let (head, mut body) = request.into_parts();
        let mut chunks = Vec::new();
        while let Some(frame) = body.frame().await {
            chunks.extend(frame.map_err(|_| Dropped)?.into_data());
        }
        Ok(Self { head: Request::from_parts(head, ()), chunks })
    }

    /// Bytes of the body.
    pub fn size(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.len() as u64).sum()
    }

    /// What it completes, if it is a completion.
    pub fn completion(&self) -> Option<Completion> {
        serde_json::from_slice(&self.chunks.concat()).ok()
    }

    /// The request, to be read once more.
    pub fn into_request(self) -> Request<Body> {
        let Self { head, chunks } = self;
        head.map(|()| Body::from_stream(stream::iter(chunks.into_iter().map(Ok::<_, std::convert::Infallible>))))
    }
}
