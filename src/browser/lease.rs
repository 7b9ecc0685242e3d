//! Who sends an upload: one page, or one bucket of it, at a time.
//!
//! A lease is a Web Lock, which the browser releases when its page dies. A page without Web Locks (one that is no
//! secure context) writes a row with an expiry instead, and renews it. If it cannot write either, the lease holds
//! within the page only.

use super::database::{Access, Database, LEASES};
use super::{Listener, clock, deferred::Deferred, sleep::sleep};
use crate::protocol::Failure;
use gloo_timers::callback::Interval;
use js_sys::{Array, Object, Promise, Reflect};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortController, AbortSignal, EventTarget, IdbKeyRange, IdbRequest};

/// How long a row holds, in milliseconds: longer than a hidden page's timers may sleep, which is a minute.
const LIFE: f64 = 75_000.0;
/// How often a row is renewed.
const RENEWAL: u32 = 5_000;
/// How often one who waits looks whether a row is free.
const LOOK: u32 = 2_000;

#[wasm_bindgen]
extern "C" {
    /// `navigator.locks`, which web-sys counts as unstable.
    type Locks;
    #[wasm_bindgen(method, catch)]
    fn request(this: &Locks, name: &str, options: &Object, granted: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn query(this: &Locks) -> Result<Promise, JsValue>;
}

thread_local! {
    /// The leases of a page that can keep none elsewhere.
    static TAKEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What the lease of the file `identity` is called. With an empty identity: how every lease of the session begins.
pub fn lease_name(scope: &str, identity: &str) -> String {
    ["partway:", scope, ":", identity].concat()
}

/// The right to send, until dropped.
pub struct Lease {
    _kept: Kept,
}

/// Each frees the lease when it is dropped.
#[expect(dead_code, reason = "kept for what dropping them does")]
enum Kept {
    Lock(Lock),
    Row(Row),
    Page(Page),
}

impl Lease {
    /// Takes the lease `name`, or nothing where somebody has it.
    pub async fn try_take(name: &str) -> Option<Self> {
        if let Some(locks) = locks()
            && let Ok(lock) = Lock::take(&locks, name, None).await
        {
            return lock.map(|lock| Self { _kept: Kept::Lock(lock) });
        }
        let kept = match Row::take(name).await {
            Ok(row) => row.map(Kept::Row),
            Err(_) => Page::take(name).map(Kept::Page),
        };
        kept.map(|kept| Self { _kept: kept })
    }

    /// Waits until the lease `name` is free, and takes it. Nothing where `signal` is aborted before.
    pub async fn wait(name: &str, signal: &AbortSignal) -> Option<Self> {
        // A page in Chromium's back/forward cache keeps its locks from those who waited before it went there, until
        // somebody asks for them.
        let _look = Interval::new(LOOK, || {
            let _ = locks().map(|locks| locks.query());
        });
        if let Some(locks) = locks()
            && let Ok(lock) = Lock::take(&locks, name, Some(signal)).await
        {
            return lock.map(|lock| Self { _kept: Kept::Lock(lock) });
        }
        while !signal.aborted() {
            if let Some(lease) = Self::try_take(name).await {
                return Some(lease);
            }
            sleep(LOOK.into(), signal).await;
        }
        None
    }

    /// Leaves time for those who wait for a lease and only look now and then. Web Locks have a queue and need none.
    pub async fn let_others_look(signal: &AbortSignal) {
        if locks().is_none() {
            sleep((2 * LOOK).into(), signal).await;
        }
    }

    /// The leases that somebody has, in this page or another, whose names begin with `prefix`.
    pub async fn held(prefix: &str) -> Vec<String> {
        let names = match locks() {
            Some(locks) => Lock::names(&locks).await,
            None => match Row::names(&Database::shared(), prefix, clock::wall_clock()).await {
                Ok(names) => names,
                Err(_) => TAKEN.with_borrow(Clone::clone),
            },
        };
        names.into_iter().filter(|name| name.starts_with(prefix)).collect()
    }
}

fn locks() -> Option<Locks> {
    let navigator = get(&js_sys::global(), "navigator");
    Some(get(&navigator, "locks")).filter(JsValue::is_object).map(JsCast::unchecked_into)
}

/// A Web Lock: ours for as long as this promise is open.
struct Lock(Deferred);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.resolve(&JsValue::UNDEFINED);
    }
}

/// Withdraws a request for a lock when nobody waits for it any more.
struct Asked(AbortController);

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Lock {
    /// Takes the lock: waits for it until `signal` is aborted where there is one, else only looks whether it is free.
    ///
    /// # Errors
    /// This page may have no locks.
    async fn take(locks: &Locks, name: &str, signal: Option<&AbortSignal>) -> Result<Option<Self>, JsValue> {
        if signal.is_some_and(AbortSignal::aborted) {
            return Ok(None);
        }
        // Made before it is asked for: it lets go of the lock whenever this future is dropped.
        let lock = Self(Deferred::new());
        let answer = Deferred::new();
        let (held, told) = (lock.0.promise(), answer.clone());
        let granted = Closure::<dyn FnMut(JsValue) -> JsValue>::new(move |lock: JsValue| {
            told.resolve(&lock);
            if lock.is_object() { held.clone().into() } else { JsValue::UNDEFINED }
        });
        let asked = Asked(AbortController::new()?);
        let options = Object::new();
        let mut _forward = None;
        if let Some(signal) = signal {
            // Our own signal, for the caller's reason could be anything.
            let controller = asked.0.clone();
            _forward = Some(Listener::new(signal, "abort", move |_| controller.abort()));
            Reflect::set(&options, &"signal".into(), &asked.0.signal())?;
        } else {
            Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE)?;
        }
        let ended = locks.request(name, &options, granted.as_ref())?;
        // The request's own promise fulfils only when the lock is let go, and rejects when it was never ours.
        let race = Promise::race(&Array::of2(&answer.promise(), &ended));
        match JsFuture::from(race).await {
            Ok(given) => Ok(given.is_object().then_some(lock)),
            Err(_) if signal.is_some_and(AbortSignal::aborted) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn names(locks: &Locks) -> Vec<String> {
        let Ok(query) = locks.query() else { return Vec::new() };
        let Ok(snapshot) = JsFuture::from(query).await else { return Vec::new() };
        list(get(&snapshot, "held")).iter().filter_map(|lock| get(&lock, "name").as_string()).collect()
    }
}

/// A row that says who has the lease, and until when.
struct Row {
    claim: Rc<Claim>,
    _renewal: Interval,
    _leaving: Listener,
}

/// Who wants the lease.
struct Claim {
    database: Rc<Database>,
    name: String,
    owner: JsValue,
    over: Cell<bool>,
}

impl Row {
    /// # Errors
    /// There is no database to write the row to.
    async fn take(name: &str) -> Result<Option<Self>, Failure> {
        // Only ever compared: two of them differ, and that is all.
        let owner = JsValue::from(js_sys::Math::random());
        let claim = Claim { database: Database::shared(), name: name.to_owned(), owner, over: Cell::new(false) };
        if !claim.write(clock::wall_clock()).await? {
            return Ok(None);
        }
        let claim = Rc::new(claim);
        let (renewed, left) = (Rc::clone(&claim), Rc::clone(&claim));
        let renewal = Interval::new(RENEWAL, move || {
            let claim = Rc::clone(&renewed);
            spawn_local(async move {
                if !claim.over.get() {
                    let _ = claim.write(clock::wall_clock()).await;
                }
            });
        });
        // A page that is reloaded wants its uploads back at once. One that comes back from the cache renews its row.
        let global: EventTarget = js_sys::global().unchecked_into();
        let leaving = Listener::new(&global, "pagehide", move |_| Claim::withdraw(&left));
        Ok(Some(Self { claim, _renewal: renewal, _leaving: leaving }))
    }

    async fn names(database: &Rc<Database>, prefix: &str, now: f64) -> Result<Vec<String>, Failure> {
        let requests = database.run(&[LEASES], Access::Read, |transaction| {
            let leases = transaction.object_store(LEASES)?;
            let range = IdbKeyRange::bound(&prefix.into(), &[prefix, "\u{ffff}"].concat().into())?;
            Ok((leases.get_all_keys_with_key(&range)?, leases.get_all_with_key(&range)?))
        });
        let (names, rows) = requests.await?;
        let (names, rows) = (list(result(&names)), list(result(&rows)));
        let held = names.iter().zip(rows.iter()).filter(|(_, row)| is_held(row, now));
        Ok(held.filter_map(|(name, _)| name.as_string()).collect())
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        self.claim.over.set(true);
        Claim::withdraw(&self.claim);
    }
}

impl Claim {
    /// Writes or renews the row, and says whether the lease is ours.
    async fn write(&self, now: f64) -> Result<bool, Failure> {
        let row = Object::new();
        for (key, value) in [("owner", self.owner.clone()), ("until", (now + LIFE).into())] {
            // A plain object takes every property.
            let _ = Reflect::set(&row, &key.into(), &value);
        }
        let ours = Rc::new(Cell::new(false));
        let (told, owner, name) = (Rc::clone(&ours), self.owner.clone(), JsValue::from_str(&self.name));
        let act = |transaction: &web_sys::IdbTransaction| {
            let leases = transaction.object_store(LEASES)?;
            let found = leases.get(&name)?;
            let answer = found.clone();
            Ok(Listener::new(&found, "success", move |_| {
                let holder = result(&answer);
                if !is_held(&holder, now) || get(&holder, "owner") == owner {
                    told.set(leases.put_with_key(&row, &name).is_ok());
                }
            }))
        };
        let _listener = self.database.run(&[LEASES], Access::Write, act).await?;
        Ok(ours.get())
    }

    /// Deletes the row, if it is ours, some time soon.
    fn withdraw(claim: &Rc<Self>) {
        let claim = Rc::clone(claim);
        spawn_local(async move {
            let (owner, name) = (claim.owner.clone(), JsValue::from_str(&claim.name));
            let act = |transaction: &web_sys::IdbTransaction| {
                let leases = transaction.object_store(LEASES)?;
                let found = leases.get(&name)?;
                let answer = found.clone();
                Ok(Listener::new(&found, "success", move |_| {
                    if get(&result(&answer), "owner") == owner {
                        drop(leases.delete(&name));
                    }
                }))
            };
            // If it fails the row runs out.
            drop(claim.database.run(&[LEASES], Access::Write, act).await);
        });
    }
}

/// A lease that only this page knows of.
struct Page(String);

impl Page {
    fn take(name: &str) -> Option<Self> {
        TAKEN.with_borrow_mut(|taken| {
            let free = !taken.iter().any(|held| held == name);
            free.then(|| {
                taken.push(name.to_owned());
                Self(name.to_owned())
            })
        })
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        TAKEN.with_borrow_mut(|taken| taken.retain(|held| *held != self.0));
    }
}

fn is_held(row: &JsValue, now: f64) -> bool {
    // A row that would hold for longer than any row was written by a clock that has been set back since.
    get(row, "until").as_f64().is_some_and(|until| until > now && until <= now + LIFE)
}

fn result(request: &IdbRequest) -> JsValue {
    request.result().unwrap_or(JsValue::UNDEFINED)
}

fn list(value: JsValue) -> Array {
    value.dyn_into().unwrap_or_default()
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}
