//! Faults on demand: the gateway drops, hangs, slows down, lies and restarts where a test, or a person at the demo's
//! panel, says so. Only in builds with the feature `faults`.
//!
//! | route | what it does |
//! |---|---|
//! | `GET /faults` | `{"scenarios": […]}`: there is a fault layer |
//! | `PUT /faults/{scenario}` | a JSON list of [`rule`]s in place of those before; its [`log`] begins anew |
//! | `GET /faults/{scenario}` | `{"rules": n, "log": […]}` |
//! | `/{scenario}/v1/…` | the same API on the same store, under that scenario's rules |
//! | `/v1/…` | the scenario `default` |
//!
//! `/faults` is for the gateway's own pages, for pages that `--fault-origin` names, and for programs; all of them must
//! send the [`word`] of this process. What is invented never runs: see [`answer`].
//!
//! A scenario that nobody has set has no rules, and no log. From the first one that is set every connection serves one
//! request: browsers repeat by themselves what was dropped on a connection used before, and the tests are about what
//! their own code does.
//!
//! The layer stands before the router ([`service`]), so that it can drop a request before anything else sees it and
//! break preflights, too. What makes the gateway itself refuse ([`refuse`]) acts right before the routes. What is held
//! ([`held`]) acts in a task of its own, so also for a client who has gone away.

mod act;
mod answer;
mod body;
mod bounds;
mod control;
mod distrust;
mod held;
mod joins;
mod limit;
mod line;
mod log;
mod outage;
mod rule;
mod service;
mod socket;
mod whole;
mod word;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::error::ApiError;
use crate::layers::Known;
use crate::session::MemberId;
use act::Met;
use distrust::Distrust;
use joins::Joins;
use line::Line;
use log::Log;
use outage::Outages;
use rule::{Arrival, Rule};
use word::Word;

pub(crate) use control::{cors, routes};
pub(crate) use outage::{Listener, unless_broken};
pub(crate) use service::FaultService;
pub(crate) use socket::{Reset, Socket};

/// The scenario of `/v1/…`.
const DEFAULT: &str = "default";
/// Where parts are put.
const PARTS: &str = "/v1/buckets";
/// Where files are completed.
const COMPLETION: &str = "/v1/buckets/complete";

/// Whether such a request completes a file.
fn completes(method: &Method, path: &str) -> bool {
    *method == Method::POST && path == COMPLETION
}

/// Every scenario, and what outlasts their rules.
pub(crate) struct Faults {
    /// What whoever sets them must know.
    pub word: Word,
    scenarios: Mutex<BTreeMap<String, Scenario>>,
    /// Members whose tokens are refused.
    expired: Mutex<HashSet<[u8; 16]>>,
    /// When each member's token was issued.
    issued: Mutex<HashMap<[u8; 16], Instant>>,
    /// Whether a scenario was ever set.
    any: AtomicBool,
    /// Files that are being completed.
    joins: Joins,
    pub outages: Outages,
}

#[derive(Default)]
struct Scenario {
    rules: Vec<Rule>,
    log: Log,
    state: Arc<ScenarioState>,
}

/// What the requests of a scenario share while its rules stand.
#[derive(Default)]
struct ScenarioState {
    /// Carries what is swallowed.
    line: Line,
    /// Files whose tags are refused.
    distrust: Distrust,
}

impl Faults {
    /// No scenario, and a new word.
    pub fn new() -> Result<Self, ApiError> {
        Ok(Self {
            word: Word::random()?,
            scenarios: Mutex::default(),
            expired: Mutex::default(),
            issued: Mutex::default(),
            any: AtomicBool::new(false),
            joins: Joins::default(),
            outages: Outages::default(),
        })
    }

    fn scenarios(&self) -> MutexGuard<'_, BTreeMap<String, Scenario>> {
        self.scenarios.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expired(&self) -> MutexGuard<'_, HashSet<[u8; 16]>> {
        self.expired.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts `rules` in place of the scenario's.
    fn set(&self, name: &str, rules: Vec<Rule>) {
        self.scenarios().insert(name.to_owned(), Scenario { rules, ..Default::default() });
        self.any.store(true, Ordering::Relaxed);
    }

    /// Whether connections serve one request each.
    fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Logs a request of the scenario, and says what to do with it.
    fn arrived(&self, name: &str, arrival: &Arrival<'_>) -> Met {
        let mut scenarios = self.scenarios();
        let Some(scenario) = scenarios.get_mut(name) else { return Default::default() };
        let act = scenario.rules.iter_mut().find_map(|rule| rule.applies(arrival)).unwrap_or_default();
        let entry = scenario.log.arrived(arrival.method, arrival.path, arrival.headers, act.name());
        Met { act, entry: Some(entry), state: scenario.state.clone() }
    }

    /// Notes that a member gets a token now.
    pub fn issued(&self, MemberId(member): MemberId) {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).insert(member, Instant::now());
    }

    /// How long ago a member got the token.
    fn token_age(&self, MemberId(member): MemberId) -> Option<Duration> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).get(&member).map(Instant::elapsed)
    }

    /// From now on refuses the tokens of these members.
    fn expire(&self, members: impl IntoIterator<Item = MemberId>) {
        self.expired().extend(members.into_iter().map(|MemberId(member)| member));
    }

    fn is_expired(&self, MemberId(member): MemberId) -> bool {
        self.expired().contains(&member)
    }
}

/// A refusal that a request is to meet in place of its route.
#[derive(Clone)]
struct Refusal(ApiError);

/// Refuses what the layer has marked for it: the last thing before the routes.
pub(crate) async fn refuse(mut request: Request, next: Next) -> Response {
    match request.extensions_mut().remove::<Refusal>() {
        Some(Refusal(error)) => {
            // Whose token it is said to be wrong is good.
            if let Some(known) = request.extensions().get::<Known>() {
                known.set();
            }
            error.into_response()
        }
        None => next.run(request).await,
    }
}

/// The scenario that a path is under, and the path without it.
fn split(path: &str) -> Option<(&str, &str)> {
    let api = |path: &str| path.strip_prefix("/v1").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if api(path) {
        return Some((DEFAULT, path));
    }
    let (name, _) = path.strip_prefix('/')?.split_once('/')?;
    let rest = path.get(name.len() + 1..)?;
    (is_name(name) && api(rest)).then_some((name, rest))
}

/// Whether a scenario can be called that.
fn is_name(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(known)
}
