//! The right to send a file, which one page, or one bucket of it, has at a time.
//!
//! A lease is a Web Lock, which the browser releases when its page dies. A page without Web Locks (one that is no
//! secure context) writes a row with an expiry instead, and renews it. If it cannot write either, the lease holds
//! within the page only.

use super::database::{Access, Database, LEASES, Placed, Transaction, failed, list};
use super::property::{dictionary, get, has_global, set};
use super::spawn::spawn;
use super::{Boxed, Listener, deferred::Deferred, wall_clock};
use crate::engine::{Ask, Lock};
use crate::protocol::Failure;
use gloo_timers::callback::Interval;
use js_sys::{Array, Object, Promise};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, EventTarget, IdbKeyRange};

/// How long a row holds, in milliseconds: longer than a hidden page's timers may sleep, which is a minute.
const LIFE: f64 = 75_000.0;
/// How often a row is renewed.
const RENEWAL: u32 = 5_000;

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

/// Who is told that a lease was taken away.
pub type Lost = Rc<dyn Fn()>;

/// The right to send, until dropped.
pub struct Lease {
    _kind: LeaseKind,
}

/// Each frees the lease when it is dropped.
#[expect(dead_code, reason = "kept for what dropping them does")]
enum LeaseKind {
    Lock(WebLock),
    Row(Row),
    Page(Page),
}

impl Lease {
    /// Takes the lease `name` as asked; where there is no queue, at once or not at all. `lost` is called if somebody
    /// takes it away. Dropped before it has ended, it leaves the queue.
    ///
    /// # Errors
    /// Somebody else has it.
    pub fn take<'a>(name: &'a str, ask: Ask, lost: &'a Lost) -> Boxed<'a, Result<Self, Lock>> {
        Box::pin(async move {
            // A page that no other hears would be taken for dead.
            let ask = if ask == Ask::Steal && !has_global("BroadcastChannel") { Ask::Now } else { ask };
            if let Some(locks) = locks()
                && let Ok(lock) = WebLock::take(&locks, name, ask, lost).await
            {
                return lock.map(|lock| Self { _kind: LeaseKind::Lock(lock) }).ok_or(Lock::Taken { queue: true });
            }
            let kind = match Row::take(name, lost).await {
                Ok(row) => row.map(LeaseKind::Row),
                Err(_) => Page::take(name).map(LeaseKind::Page),
            };
            kind.map(|kind| Self { _kind: kind }).ok_or(Lock::Taken { queue: false })
        })
    }

    /// The leases that somebody has, in this page or another, whose names begin with `prefix`.
    pub async fn held(prefix: &str) -> Vec<String> {
        let names = match locks() {
            Some(locks) => WebLock::names(&locks).await,
            None => match Row::names(prefix).await {
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
struct WebLock(Deferred);

impl Drop for WebLock {
    fn drop(&mut self) {
        self.0.resolve(&JsValue::UNDEFINED);
    }
}

/// Leaves the queue when it is dropped; a lock that is granted does not mind.
struct Request(AbortController);

impl Drop for Request {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl WebLock {
    /// Takes the lock: waits for it, or only looks whether it is free.
    ///
    /// # Errors
    /// This page may have no locks.
    async fn take(locks: &Locks, name: &str, ask: Ask, lost: &Lost) -> Result<Option<Self>, JsValue> {
        // Made before it is asked for: it releases the lock whenever this future is dropped.
        let lock = Self(Deferred::new());
        let answer = Deferred::new();
        let (held, told) = (lock.0.promise(), answer.clone());
        let granted = Closure::<dyn FnMut(JsValue) -> JsValue>::new(move |lock: JsValue| {
            told.resolve(&lock);
            if lock.is_object() { held.clone().into() } else { JsValue::UNDEFINED }
        });
        let request = Request(AbortController::new()?);
        let options = dictionary();
        match ask {
            Ask::Queue => set(&options, "signal", &request.0.signal()),
            Ask::Now => set(&options, "ifAvailable", &JsValue::TRUE),
            Ask::Steal => set(&options, "steal", &JsValue::TRUE),
        }
        let ended = locks.request(name, &options, granted.as_ref())?;
        // The request's own promise fulfils only when the lock is released, and rejects when it was never ours.
        let race = Promise::race(&Array::of2(&answer.promise(), &ended));
        let is_granted = JsFuture::from(race).await?.is_object();
        if is_granted {
            let lost = Rc::clone(lost);
            spawn(async move {
                if JsFuture::from(ended).await.is_err() {
                    lost();
                }
            });
        }
        Ok(is_granted.then_some(lock))
    }

    async fn names(locks: &Locks) -> Vec<String> {
        let Ok(query) = locks.query() else { return Vec::new() };
        let Ok(snapshot) = JsFuture::from(query).await else { return Vec::new() };
        let held: Array = get(&snapshot, "held").dyn_into().unwrap_or_default();
        held.iter().filter_map(|lock| get(&lock, "name").as_string()).collect()
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
    name: JsValue,
    owner: JsValue,
    over: Cell<bool>,
}

impl Row {
    /// # Errors
    /// There is no database to write the row to.
    async fn take(name: &str, lost: &Lost) -> Result<Option<Self>, Failure> {
        // Only ever compared: two of them differ, and that is all.
        let owner = JsValue::from(js_sys::Math::random());
        let claim = Claim { database: Database::shared(), name: name.into(), owner, over: Cell::new(false) };
        if !claim.write().await? {
            return Ok(None);
        }
        let claim = Rc::new(claim);
        let (renewed, left, lost) = (Rc::clone(&claim), Rc::clone(&claim), Rc::clone(lost));
        let renewal = Interval::new(RENEWAL, move || {
            let (claim, lost) = (Rc::clone(&renewed), Rc::clone(&lost));
            spawn(async move {
                // A page that could not renew it for long finds it taken.
                if !claim.over.get() && claim.write().await == Ok(false) && !claim.over.replace(true) {
                    lost();
                }
            });
        });
        // A page that is reloaded wants its uploads back at once. One that comes back from the cache renews its row.
        let global: EventTarget = js_sys::global().unchecked_into();
        let leaving = Listener::new(&global, "pagehide", move |_| Claim::withdraw(&left));
        Ok(Some(Self { claim, _renewal: renewal, _leaving: leaving }))
    }

    async fn names(prefix: &str) -> Result<Vec<String>, Failure> {
        let range = IdbKeyRange::bound(&prefix.into(), &[prefix, "\u{ffff}"].concat().into()).map_err(failed)?;
        let place = move |transaction: &Transaction| {
            let leases = transaction.store(LEASES)?;
            Ok(Placed::wanting([leases.get_all_keys_with_key(&range)?, leases.get_all_with_key(&range)?]))
        };
        let mut lists = Database::shared().run(&[LEASES], Access::Read, Box::new(place)).await?.into_iter();
        let mut next = || list(lists.next().unwrap_or_default());
        let (names, rows, now) = (next(), next(), wall_clock());
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
    async fn write(&self) -> Result<bool, Failure> {
        let now = wall_clock();
        let row = dictionary();
        set(&row, "owner", &self.owner);
        set(&row, "until", &(now + LIFE).into());
        let ours = Rc::new(Cell::new(false));
        let (told, owner, name) = (Rc::clone(&ours), self.owner.clone(), self.name.clone());
        let place = move |transaction: &Transaction| {
            let leases = transaction.store(LEASES)?;
            Ok(Placed::heard(leases.get(&name)?, move |holder| {
                if !is_held(&holder, now) || get(&holder, "owner") == owner {
                    told.set(leases.put_with_key(&row, &name).is_ok());
                }
            }))
        };
        self.database.run(&[LEASES], Access::Write, Box::new(place)).await?;
        Ok(ours.get())
    }

    /// Deletes the row, if it is ours, some time soon. If that fails, the row runs out.
    fn withdraw(claim: &Rc<Self>) {
        let claim = Rc::clone(claim);
        spawn(async move {
            let _ = claim.delete().await;
        });
    }

    fn delete(&self) -> Boxed<'static, Result<Vec<JsValue>, Failure>> {
        let (owner, name) = (self.owner.clone(), self.name.clone());
        let place = move |transaction: &Transaction| {
            let leases = transaction.store(LEASES)?;
            Ok(Placed::heard(leases.get(&name)?, move |holder| {
                if get(&holder, "owner") == owner {
                    let _ = leases.delete(&name);
                }
            }))
        };
        self.database.run(&[LEASES], Access::Write, Box::new(place))
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
