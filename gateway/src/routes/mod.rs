//! The API's endpoints, the download link and the static pages.

mod buckets;
mod link;
mod pages;
mod range;
mod session;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use serde::Serialize;
use tower_http::cors::CorsLayer;

use crate::error::ApiError;
#[cfg(feature = "faults")]
use crate::faults;
use crate::layers::Known;
use crate::session::Token;
use crate::state::Shared;
use crate::store::{Access, Role};
use crate::{cors, layers};

/// Most bytes of a JSON body.
const JSON_LIMIT: usize = 64 << 10;
/// Most bytes of a list of 10,000 tags.
const TAGS_LIMIT: usize = 1 << 20;

/// Everything that a gateway of the origin `own` answers.
pub(crate) fn router(app: Shared, own: String) -> Router {
    let cors = cors::layer(&app.config, own);
    let api = Router::new()
        .route("/session", post(session::open))
        .route("/session/join", post(session::join))
        .route("/session/current", get(session::current).delete(session::end))
        .route("/session/users/{id}", axum::routing::delete(session::remove_user))
        .route("/buckets", get(buckets::list).post(buckets::start).put(buckets::put_part))
        .route("/buckets/complete", post(buckets::complete))
        .route("/buckets/{key}", axum::routing::delete(buckets::remove))
        .route("/buckets/file/{key}", get(buckets::file))
        .route("/buckets/download/{key}", get(buckets::download))
        .route("/link/{key}", get(link::read))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method);
    let router = Router::new().nest("/v1", api).merge(pages::router(&app.config));
    #[cfg(feature = "faults")]
    let router = router.layer(from_fn(faults::refuse));
    let router = layered(router, &app, cors);
    #[cfg(feature = "faults")]
    let router = router.merge(layered(faults::routes(&app), &app, faults::cors(&app)));
    router.with_state(app)
}

/// What every request passes on its way to `router`.
fn layered(router: Router<Shared>, app: &Shared, cors: CorsLayer) -> Router<Shared> {
    router
        .layer(from_fn_with_state(app.clone(), layers::pace))
        .layer(from_fn_with_state(app.clone(), layers::check_host))
        .layer(cors)
        .layer(from_fn(layers::answer))
}

async fn nothing_here() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "NoSuchResource", "There is nothing at this address.")
}

async fn wrong_method() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "This address takes other methods.")
}

/// `value` as a JSON answer with status 200.
pub(crate) fn json(value: &impl Serialize) -> Result<Response, ApiError> {
    let text = serde_json::to_vec(value).map_err(|error| ApiError::internal("an answer", &error))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], Bytes::from(text)).into_response())
}

/// Whoever sends one `Authorization: Bearer` header with a token of a live session.
impl FromRequestParts<Shared> for Access {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        let access = access(app, &parts.headers).await;
        // Who had a token of a session that has just ended is no stranger either.
        if access.as_ref().map_or_else(|error| error.code == "ExpiredToken", |_| true)
            && let Some(known) = parts.extensions.get::<Known>()
        {
            known.set();
        }
        access
    }
}

/// Whose token the headers carry.
async fn access(app: &Shared, headers: &HeaderMap) -> Result<Access, ApiError> {
    let mut headers = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(header), None) = (headers.next(), headers.next()) else { return Err(ApiError::token()) };
    let text = header.to_str().map_err(|_| ApiError::token())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(ApiError::token)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::token());
    }
    app.store.access(Token::parse(token).ok_or_else(ApiError::token)?).await
}

/// An [`Access`] of the session's host: the one place where that is asked.
struct HostAccess(Access);

impl FromRequestParts<Shared> for HostAccess {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        let access = Access::from_request_parts(parts, app).await?;
        if access.user.role == Role::Host {
            Ok(Self(access))
        } else {
            Err(ApiError::refused("AccessDenied", "Only the session's host may do this."))
        }
    }
}
