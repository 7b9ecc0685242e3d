//! Opening, joining, showing and ending a session.

use std::time::Instant;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{HostAccess, JSON_LIMIT, access, json};
use crate::body;
use crate::config::Config;
use crate::error::ApiError;
use crate::guesses::Guesser;
use crate::peer::Peer;
use crate::random;
use crate::session::{self, MemberId, SessionId};
use crate::state::Shared;
use crate::store::{Access, Opened, Role, Rules, User, no_user};

/// Longest name a member can call themselves, and longest password, in bytes.
const LONGEST: usize = 256;

#[derive(Deserialize)]
struct Open {
    #[serde(default)]
    identity: Option<Value>,
    #[serde(default)]
    rules: Option<WantedRules>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WantedRules {
    #[serde(default)]
    user_capacity: Option<u64>,
    #[serde(default)]
    expiry_duration_in_seconds: Option<u64>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    max_files: Option<u64>,
    #[serde(default)]
    max_total_mega_bytes: Option<u64>,
    #[serde(default)]
    guests_delete_own_files_only: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Join {
    session_id: String,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    identity: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Joined {
    session_id: String,
    /// Seconds.
    expires_in: u64,
    credentials: Credentials,
    rules: ShownRules,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<Vec<User>>,
}

#[derive(Serialize)]
struct Credentials {
    token: String,
    id: String,
    pseudonym: String,
    role: Role,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownRules {
    user_capacity: u64,
    expiry_duration_in_seconds: u64,
    max_files: u64,
    max_total_mega_bytes: u64,
    #[serde(skip_serializing_if = "is_not")]
    guests_delete_own_files_only: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Current {
    id: String,
    creator_id: Option<String>,
    /// Milliseconds since 1970.
    expiry: u64,
    max_files: u64,
    max_users: u64,
    users: Vec<User>,
    max_total_mega_bytes: u64,
    password_protected: bool,
    white_list_addresses: [String; 0],
    #[serde(skip_serializing_if = "is_not")]
    guests_delete_own_files_only: bool,
}

/// A rule that is not set is not shown, as the published shape has none of that name.
fn is_not(rule: &bool) -> bool {
    !rule
}

/// `POST /session`
pub(super) async fn open(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    check_key(&headers, &app.config)?;
    let Open { identity, rules } = in_time(&app.config, body::json(&headers, body, JSON_LIMIT)).await?;
    let mut wanted = rules.unwrap_or_default();
    let password = short(wanted.password.take(), "rules.password")?;
    let rules = allow(&wanted, &app.config)?;
    let pseudonym = pseudonym(identity)?;
    app.openings.enter(peer.address, Instant::now())?;
    let opened = app.store.open_session(pseudonym, password, rules, app.config.max_sessions).await;
    let opened = opened.inspect_err(|_| app.openings.leave(peer.address))?;
    #[cfg(feature = "faults")]
    app.faults.issued(opened.token.member);
    json(&Joined::new(opened, false))
}

/// Whether the request may open a session.
fn check_key(headers: &HeaderMap, config: &Config) -> Result<(), ApiError> {
    let Some(key) = &config.session_key else { return Ok(()) };
    let mut given = headers.get_all("x-api-key").iter();
    match (given.next(), given.next()) {
        (Some(given), None) if key.is(given.as_bytes()) => Ok(()),
        _ => Err(ApiError::refused("AccessDenied", "Opening a session takes the key of this server, as X-API-KEY.")),
    }
}

/// `POST /session/join`
pub(super) async fn join(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let Join { session_id, password, identity } = in_time(&app.config, body::json(&headers, body, JSON_LIMIT)).await?;
    let unknown = || ApiError::new(StatusCode::NOT_FOUND, "NoSuchSession", "There is no session of that ID.");
    let id = SessionId::parse(&session_id).ok_or_else(unknown)?;
    let key = id.key();
    // Whoever is in the session already is not held back by what others guess.
    let guesser = match access(&app, &headers).await {
        Ok(access) if access.session == key => Guesser::Member(access.member),
        _ => Guesser::At(peer.address),
    };
    app.guesses.check(guesser, key, Instant::now())?;
    let guesses = app.clone();
    let judge = move |is_right: &dyn Fn() -> bool| {
        let guess = guesses.guesses.enter(guesser, key, Instant::now())?;
        let right = is_right();
        if right {
            guesses.guesses.right(guess);
        }
        Ok(right)
    };
    let joined = app.store.join_session(id, pseudonym(identity)?, password, judge).await?;
    #[cfg(feature = "faults")]
    app.faults.issued(joined.token.member);
    json(&Joined::new(joined, true))
}

/// What whoever is not known has to send at once.
///
/// # Errors
/// 408 where it takes longer than a head may.
async fn in_time<T>(config: &Config, reading: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    tokio::time::timeout(config.header_timeout, reading).await.unwrap_or_else(|_| Err(ApiError::slow()))
}

/// `GET /session/current`
pub(super) async fn current(access: Access) -> Result<Response, ApiError> {
    json(&Current {
        id: access.id.text(),
        creator_id: access.users.iter().find(|user| user.role == Role::Host).map(|user| user.id.clone()),
        expiry: access.expiry,
        max_files: access.rules.max_files,
        max_users: access.rules.max_users,
        users: access.users,
        max_total_mega_bytes: access.rules.max_megabytes,
        password_protected: access.password,
        white_list_addresses: [],
        guests_delete_own_files_only: access.rules.guests_delete_own_files_only,
    })
}

/// `DELETE /session/current`
pub(super) async fn end(State(app): State<Shared>, HostAccess(access): HostAccess) -> Result<StatusCode, ApiError> {
    app.store.end_session(access.session).await?;
    app.revocations.announce();
    Ok(StatusCode::OK)
}

/// `DELETE /session/users/{id}`
pub(super) async fn remove_user(
    State(app): State<Shared>,
    HostAccess(access): HostAccess,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let member = id.ok().and_then(|Path(id)| random::from_hex(&id)).map(MemberId).ok_or_else(no_user)?;
    if member == access.member {
        return Err(ApiError::invalid("The host cannot be removed: end the session."));
    }
    app.store.remove_member(access.session, member).await?;
    app.revocations.announce();
    Ok(StatusCode::OK)
}

impl Joined {
    fn new(opened: Opened, with_users: bool) -> Self {
        let Opened { id, token, user, users, rules, expiry } = opened;
        Self {
            session_id: id.text(),
            expires_in: expiry.saturating_sub(session::now()).div_ceil(1000),
            credentials: Credentials { token: token.text(), id: user.id, pseudonym: user.pseudonym, role: user.role },
            rules: ShownRules {
                user_capacity: rules.max_users,
                expiry_duration_in_seconds: rules.life,
                max_files: rules.max_files,
                max_total_mega_bytes: rules.max_megabytes,
                guests_delete_own_files_only: rules.guests_delete_own_files_only,
            },
            users: with_users.then_some(users),
        }
    }
}

/// The rules a session gets: what it wants, as far as the server's own limits go. The answer says what it got.
fn allow(wanted: &WantedRules, config: &Config) -> Result<Rules, ApiError> {
    let limit = |wanted: Option<u64>, default: u64, most: u64, name: &'static str| match wanted {
        Some(0) => Err(ApiError::invalid(format!("rules.{name} must be at least 1."))),
        wanted => Ok(wanted.unwrap_or(default).min(most)),
    };
    let most = config;
    let life = (most.default_expiry.as_secs().max(1), most.max_expiry.as_secs().max(1));
    Ok(Rules {
        max_users: limit(wanted.user_capacity, most.max_users, most.max_users, "userCapacity")?,
        max_files: limit(wanted.max_files, most.max_files, most.max_files, "maxFiles")?,
        max_megabytes: limit(
            wanted.max_total_mega_bytes,
            most.max_total_megabytes,
            most.max_total_megabytes,
            "maxTotalMegaBytes",
        )?,
        life: limit(wanted.expiry_duration_in_seconds, life.0, life.1, "expiryDurationInSeconds")?,
        guests_delete_own_files_only: wanted.guests_delete_own_files_only.unwrap_or_default(),
    })
}

/// The pseudonym in `identity`: itself where it is text, its field `pseudonym` where it is an object.
fn pseudonym(identity: Option<Value>) -> Result<Option<String>, ApiError> {
    let wrong = || ApiError::invalid("identity must be text, or an object with a pseudonym.");
    let name = match identity {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name),
        Some(Value::Object(mut identity)) => match identity.remove("pseudonym") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name),
            Some(_) => return Err(wrong()),
        },
        Some(_) => return Err(wrong()),
    };
    short(name, "identity")
}

/// `text` unless it is empty.
fn short(text: Option<String>, name: &'static str) -> Result<Option<String>, ApiError> {
    if text.as_ref().is_some_and(|text| text.len() > LONGEST) {
        return Err(ApiError::invalid(format!("{name} may have at most {LONGEST} bytes.")));
    }
    Ok(text.filter(|text| !text.is_empty()))
}
