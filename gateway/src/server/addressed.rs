//! Requests that say from where they came.

use axum::http::Request;
use hyper::service::Service;

use crate::peer::Peer;

/// Leaves the [`Peer`] of a connection among the extensions of each of its requests.
#[derive(Clone)]
pub(super) struct Addressed<S> {
    /// What answers.
    pub service: S,
    /// Who is at the other end.
    pub peer: Peer,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Addressed<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<B>) -> S::Future {
        request.extensions_mut().insert(self.peer.clone());
        self.service.call(request)
    }
}
