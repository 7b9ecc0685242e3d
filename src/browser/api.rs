//! Calls of the Upload API: endpoint, token and API key added, failures told apart.

use super::fetch::{Fetch, connection_failed};
use super::network::Network;
use super::patience::Patience;
use super::shared::Shared;
use super::sleep::sleep;
use super::transport::{Outgoing, Transport, is_cut_short, is_success};
use super::xhr::Xhr;
use super::{Boxed, Token, clock, wall_clock};
use crate::engine::{Backoff, Random};
use crate::protocol::{Body, Code, Failure, Method, Request, Rules, session_rules};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::{AbortSignal, Url};

/// Where the API is: a base URL, checked.
pub struct Endpoint {
    base: String,
    is_http: bool,
}

impl Endpoint {
    /// Reads a base URL: `https`, or `http` on a loopback host; no user, query or fragment.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::new(text).map_err(|_| "must be an absolute URL")?;
        let is_http = url.protocol() == "http:";
        if url.protocol() != "https:" && !(is_http && is_loopback(&url.hostname())) {
            return Err("must be https, or http on a loopback host");
        }
        if !url.username().is_empty() || !url.password().is_empty() {
            return Err("must not hold a user or password");
        }
        // `search` and `hash` are empty for a lone `?` or `#` too.
        if text.contains(['?', '#']) {
            return Err("must not have a query or fragment");
        }
        let path = url.pathname();
        Ok(Self { base: format!("{}{}", url.origin(), path.trim_end_matches('/')), is_http })
    }

    /// Whether a download link may be followed: `https`, or `http` on a loopback host where the API is there too.
    pub fn trusts_link(&self, link: &str) -> bool {
        Url::new(link).is_ok_and(|url| {
            let scheme = url.protocol();
            let plain = scheme == "http:" && self.is_http && is_loopback(&url.hostname());
            (scheme == "https:" || plain) && url.username().is_empty() && url.password().is_empty()
        })
    }
}

fn is_loopback(host: &str) -> bool {
    // A URL parser writes every form of an IPv4 address as four numbers.
    let is_v4 =
        || host.starts_with("127.") && host.split('.').count() == 4 && host.split('.').all(|n| n.parse::<u8>().is_ok());
    host == "localhost" || host.ends_with(".localhost") || host == "[::1]" || is_v4()
}

/// The Upload API of one session.
pub struct Api {
    /// Where it is.
    pub endpoint: Endpoint,
    /// The session token.
    token: Token,
    /// The generation of the newest token that was refused.
    refused: Cell<u64>,
    api_key: Option<String>,
    backoff: Backoff,
    /// Milliseconds without a byte after which a call is given up.
    pub stall: u64,
    random: RefCell<Random>,
    rules: Shared<Rules>,
    known_rules: RefCell<Option<Rules>>,
    /// Whether the service answered anything, and whether it answered the request for the rules.
    heard: Cell<bool>,
    heard_of_rules: Cell<bool>,
    look: Shared<bool>,
}

impl Api {
    /// An API that abandons a try after `stall` milliseconds without a byte and retries by `backoff`. `rules` are those
    /// the caller gave, if any.
    pub fn new(
        endpoint: Endpoint,
        token: Token,
        api_key: Option<String>,
        backoff: Backoff,
        stall: u64,
        seed: u64,
        rules: Option<Rules>,
    ) -> Rc<Self> {
        Rc::new(Self {
            endpoint,
            token,
            refused: Cell::new(0),
            api_key,
            backoff,
            stall,
            random: RefCell::new(Random::new(seed)),
            rules: Shared::default(),
            known_rules: RefCell::new(rules),
            heard: Cell::default(),
            heard_of_rules: Cell::default(),
            look: Shared::default(),
        })
    }

    /// Sends `request` once, with `body` if it is a part's, and returns the body of a successful answer. With
    /// `progress`, a part is sent by the slower transport and reports the bytes sent; any other request reports the
    /// bytes received.
    ///
    /// # Errors
    /// What went wrong.
    pub fn send<'a>(
        &'a self,
        request: &'a Request,
        body: JsValue,
        signal: &'a AbortSignal,
        progress: Option<Rc<dyn Fn(u64)>>,
    ) -> Boxed<'a, Result<Vec<u8>, Failure>> {
        Box::pin(self.send_now(request, body, signal, progress))
    }

    async fn send_now(
        &self,
        request: &Request,
        body: JsValue,
        signal: &AbortSignal,
        progress: Option<Rc<dyn Fn(u64)>>,
    ) -> Result<Vec<u8>, Failure> {
        let (token, generation) = self.token.current().await?;
        if signal.aborted() {
            return Err(Failure::new(Code::Closed, "The request was abandoned."));
        }
        let outgoing = self.outgoing(request, &token, body);
        let answer = match progress {
            Some(progress) if request.body == Body::Part && Xhr::is_here() => {
                Xhr.send(outgoing, signal, progress).await?
            }
            Some(progress) if request.body != Body::Part => Fetch.send(outgoing, signal, progress).await?,
            _ => Fetch.send(outgoing, signal, Rc::new(|_| {})).await?,
        };
        self.heard.set(true);
        if is_success(answer.status) {
            if is_cut_short(&answer) {
                return Err(connection_failed());
            }
            return Ok(answer.body);
        }
        if answer.status == 401 {
            self.refused.set(self.refused.get().max(generation));
        }
        Err(Failure::from_status(answer.status, answer.retry_after))
    }

    /// Asks for a token newer than the newest that was refused, where there is none yet.
    ///
    /// # Errors
    /// Why no other token can be had.
    pub async fn renew_token(&self) -> Result<(), Failure> {
        self.token.renew(self.refused.get()).await
    }

    /// Sends `request` until it is answered: a refused token is renewed once, what can be retried is, by the back-off.
    ///
    /// # Errors
    /// The last failure.
    pub fn call<'a>(&'a self, request: &'a Request, signal: &'a AbortSignal) -> Boxed<'a, Result<Vec<u8>, Failure>> {
        Box::pin(self.call_now(request, signal))
    }

    async fn call_now(&self, request: &Request, signal: &AbortSignal) -> Result<Vec<u8>, Failure> {
        match self.persist(request, signal).await {
            Err(failure) if failure.status == Some(401) => {
                self.renew_token().await?;
                self.persist(request, signal).await
            }
            result => result,
        }
    }

    /// The session's rules; asked for by the back-off, under another token where this one is refused.
    ///
    /// # Errors
    /// Why they cannot be had.
    pub async fn rules(self: &Rc<Self>, signal: &AbortSignal) -> Result<Rules, Failure> {
        let ask = async || self.ask_rules(signal).await;
        match self.again(ask, signal).await {
            Err(failure) if failure.status == Some(401) => {
                self.renew_token().await?;
                self.again(ask, signal).await
            }
            result => result,
        }
    }

    /// The session's rules, where an earlier answer or the caller told them.
    pub fn known_rules(&self) -> Option<Rules> {
        *self.known_rules.borrow()
    }

    /// The session's rules, asked for in one try, whoever else asks meanwhile; under the token there is.
    ///
    /// # Errors
    /// Why they cannot be had.
    pub async fn ask_rules(self: &Rc<Self>, signal: &AbortSignal) -> Result<Rules, Failure> {
        if let Some(rules) = self.known_rules() {
            return Ok(rules);
        }
        let (api, signal) = (Rc::clone(self), signal.clone());
        self.rules
            .run(async move {
                let answer = api.send_patiently(&Request::rules(), &signal).await;
                let heard = answer.as_ref().map_or_else(|failure| failure.status.is_some(), |_| true);
                api.heard_of_rules.set(heard);
                let answer = answer?;
                let date = |date: &str| Some(js_sys::Date::parse(date)).filter(|date| date.is_finite());
                let rules = session_rules(&answer, wall_clock(), date)?;
                *api.known_rules.borrow_mut() = Some(rules);
                Ok(rules)
            })
            .await
    }

    /// Whether the service, which answered before, answers nothing any more; found out by one request.
    pub async fn is_cut_off(self: &Rc<Self>, signal: &AbortSignal) -> bool {
        if !self.heard.get() {
            return false;
        }
        // The rules are the shortest answer there is, but not every service, or its CORS policy, knows of them.
        let request = if self.heard_of_rules.get() { Request::rules() } else { Request::list() };
        let (api, signal) = (Rc::clone(self), signal.clone());
        let look = async move {
            let answer = api.send_patiently(&request, &signal).await;
            Ok(answer.is_err_and(|failure| failure.is_unconnected()))
        };
        self.look.run(look).await.unwrap_or(false)
    }

    /// Sends `request` once, and gives it up where nothing moves.
    async fn send_patiently(&self, request: &Request, signal: &AbortSignal) -> Result<Vec<u8>, Failure> {
        let Some(patience) = Patience::new(self.stall, signal) else { return Err(Failure::stalled(self.stall)) };
        let renewed = patience.clone();
        let result = self
            .send(request, JsValue::UNDEFINED, &patience.signal(), Some(Rc::new(move |bytes| renewed.heard(bytes))))
            .await;
        patience.judge(result)
    }

    /// Sends `request`, again and again by the back-off, until it succeeds or fails for good.
    fn persist<'a>(&'a self, request: &'a Request, signal: &'a AbortSignal) -> Boxed<'a, Result<Vec<u8>, Failure>> {
        Box::pin(self.persist_now(request, signal))
    }

    async fn persist_now(&self, request: &Request, signal: &AbortSignal) -> Result<Vec<u8>, Failure> {
        let doubtful = Cell::new(false);
        let send = async || {
            let failure = match self.send_patiently(request, signal).await {
                Err(failure) => failure,
                answer => return answer,
            };
            // The first answer was lost: what is gone now was removed then.
            if doubtful.get() && request.method == Method::Delete && failure.code == Code::NotFound {
                return Ok(Vec::new());
            }
            doubtful.set(doubtful.get() || failure.is_ambiguous());
            Err(failure)
        };
        self.again(send, signal).await
    }

    /// Does `attempt` again and again by the back-off, until it succeeds or fails for good.
    ///
    /// # Errors
    /// The last failure.
    pub async fn again<T>(
        &self,
        attempt: impl AsyncFn() -> Result<T, Failure>,
        signal: &AbortSignal,
    ) -> Result<T, Failure> {
        let mut tries = 0;
        loop {
            let result = attempt().await;
            let Err(failure) = result else { return result };
            if failure.is_unconnected() && Network::returns(self.stall, signal).await {
                continue;
            }
            if signal.aborted() {
                return Err(failure);
            }
            tries += 1;
            let wait = self.backoff.delay(tries, &failure, &mut self.random.borrow_mut());
            let Some(wait) = wait else { return Err(failure) };
            sleep(wait, signal).await;
            if signal.aborted() {
                return Err(failure);
            }
        }
    }

    fn outgoing(&self, request: &Request, token: &str, body: JsValue) -> Outgoing {
        let mut headers = vec![("Authorization", format!("Bearer {token}"))];
        headers.extend(self.api_key.iter().map(|key| ("X-API-KEY", key.clone())));
        let body = match &request.body {
            Body::Empty => JsValue::UNDEFINED,
            Body::Json(text) => {
                headers.push(("Content-Type", "application/json".to_owned()));
                JsValue::from_str(text)
            }
            // Said outright: else the browser would tell the file's type, which the name's envelope hides.
            Body::Part => {
                headers.push(("Content-Type", "application/octet-stream".to_owned()));
                body
            }
        };
        headers.extend(request.headers.iter().cloned());
        Outgoing {
            url: format!("{}{}", self.endpoint.base, request.path),
            method: request.method,
            headers,
            body,
            cap: request.cap,
        }
    }
}

/// How many milliseconds from now the session ends, by the page's clock.
pub fn ends_in(rules: &Rules) -> Option<u64> {
    rules.expiry.map(|expiry| (expiry - wall_clock()) as u64)
}

/// When the session ends, for the engine.
pub fn ends_at(rules: &Rules) -> Option<crate::engine::Instant> {
    ends_in(rules).map(|millis| clock::now().plus(millis))
}
