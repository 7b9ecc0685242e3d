//! The page's connection to IndexedDB.
//!
//! One connection for all buckets of the page, opened when it is first needed. A write counts once its transaction
//! reports `complete` with durability `strict`: it is on the disk. Every wait has a deadline: a browser may never
//! answer a request to open a database, and an upload must not hang on that.

use super::{Listener, clock, deferred::Deferred};
use crate::protocol::{Code, Failure};
use js_sys::{Array, Object, Reflect};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{DomException, EventTarget, IdbDatabase, IdbFactory, IdbOpenDbRequest, IdbTransaction};

/// The object store of uploads.
pub const UPLOADS: &str = "uploads";
/// Its index of when each expires.
pub const EXPIRES: &str = "expires";
/// The object store of the tags of their parts.
pub const TAGS: &str = "tags";
/// The object store of leases, used where there are no Web Locks.
pub const LEASES: &str = "leases";

const NAME: &str = "partway";
const VERSION: u32 = 1;

/// Longest wait for the database to open.
const OPENING: u32 = 5_000;
/// Longest wait for a transaction. It is given up then, and what it wrote is undone.
const TRANSACTION: u32 = 30_000;

#[wasm_bindgen]
extern "C" {
    /// `IDBDatabase`, with the argument of `transaction` that web-sys counts as unstable.
    type Durable;
    #[wasm_bindgen(method, catch)]
    fn transaction(this: &Durable, stores: &JsValue, mode: &str, options: &JsValue) -> Result<IdbTransaction, JsValue>;
}

/// What a transaction may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read.
    Read,
    /// Read and write, to the disk.
    Write,
}

/// The page's connection, opened when it is first needed and again after the browser closed it.
#[derive(Default)]
pub struct Database {
    connection: RefCell<Option<Connection>>,
    opening: RefCell<Option<Opening>>,
    /// Transactions that have not ended.
    live: RefCell<Vec<IdbTransaction>>,
    leaving: RefCell<Option<Listener>>,
}

struct Connection {
    database: IdbDatabase,
    closed: Rc<Cell<bool>>,
    _listeners: [Listener; 2],
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.database.close();
    }
}

struct Opening {
    /// Fulfilled with undefined once the connection is there, or with why it is not.
    ended: Rc<Deferred>,
    since: u64,
    _listeners: [Listener; 3],
}

thread_local! {
    static SHARED: RefCell<Weak<Database>> = const { RefCell::new(Weak::new()) };
}

impl Database {
    /// The page's connection. It closes when nobody holds it any more.
    pub fn shared() -> Rc<Self> {
        SHARED.with_borrow_mut(|shared| {
            shared.upgrade().unwrap_or_else(|| {
                let database = Rc::new(Self::default());
                *shared = Rc::downgrade(&database);
                database.give_way_when_cached();
                database
            })
        })
    }

    /// A page in WebKit's back/forward cache keeps a transaction that had not ended there, and with it every other page
    /// from the database, for as long as it is cached. So what is under way is undone when the page goes there.
    fn give_way_when_cached(self: &Rc<Self>) {
        let Ok(global) = js_sys::global().dyn_into::<EventTarget>() else { return };
        let database = Rc::downgrade(self);
        let leaving = Listener::new(&global, "pagehide", move |event| {
            let cached = Reflect::get(&event, &"persisted".into()).is_ok_and(|persisted| persisted.is_truthy());
            if let Some(database) = database.upgrade().filter(|_| cached) {
                for transaction in database.live.borrow().iter() {
                    // One that is being committed cannot be undone, and ends by itself.
                    let _ = transaction.abort();
                }
            }
        });
        *self.leaving.borrow_mut() = Some(leaving);
    }

    /// Runs one transaction over `stores`. `act` places its requests; their results may be read when this returns.
    ///
    /// # Errors
    /// `storage` where there is no database, or the transaction was undone.
    pub async fn run<T>(
        self: &Rc<Self>,
        stores: &[&str],
        access: Access,
        act: impl FnOnce(&IdbTransaction) -> Result<T, JsValue>,
    ) -> Result<T, Failure> {
        let transaction = match begin(&self.connect().await?, stores, access) {
            Ok(transaction) => transaction,
            Err(_) => {
                // The browser has closed the connection and has not said so yet.
                self.connection.take();
                begin(&self.connect().await?, stores, access).map_err(|error| failed(&error))?
            }
        };
        let _live = Live::new(self, &transaction);
        let ended = Deferred::new();
        let (done, undone, of) = (ended.clone(), ended.clone(), transaction.clone());
        let _listeners = [
            Listener::new(&transaction, "complete", move |_| done.resolve(&JsValue::UNDEFINED)),
            // An abort without an error is our own.
            Listener::new(&transaction, "abort", move |_| {
                undone.resolve(&of.error().map_or(JsValue::NULL, Into::into))
            }),
        ];
        let result = act(&transaction).map_err(|error| {
            let _ = transaction.abort();
            failed(&error)
        })?;
        match ended.within(TRANSACTION).await {
            Some(error) if error.is_undefined() => Ok(result),
            Some(error) => Err(failed(&error)),
            None => {
                let _ = transaction.abort();
                Err(Failure::new(Code::Storage, "The browser's database takes too long to answer."))
            }
        }
    }

    /// The open connection, made if there is none.
    async fn connect(self: &Rc<Self>) -> Result<IdbDatabase, Failure> {
        if let Some(database) = self.connected() {
            return Ok(database);
        }
        let opening = self.opening.borrow().as_ref().map(|opening| (Rc::clone(&opening.ended), opening.since));
        let (ended, since) = match opening {
            Some(opening) => opening,
            None => self.open()?,
        };
        // The deadline counts from the first request to open, so only the first caller waits that long for a blocked
        // database. The request stays open: once it succeeds, later callers get the connection.
        let left = u64::from(OPENING).saturating_sub(clock::now().0.saturating_sub(since));
        match ended.within(u32::try_from(left).unwrap_or(0)).await {
            None => Err(Failure::new(
                Code::Storage,
                "The browser's database does not open; another page may hold an older version of it.",
            )),
            Some(error) => {
                // Unless somebody who waited as well has begun anew.
                self.opening.borrow_mut().take_if(|opening| Rc::ptr_eq(&opening.ended, &ended));
                self.connected().ok_or_else(|| failed(&error))
            }
        }
    }

    fn connected(&self) -> Option<IdbDatabase> {
        let mut connection = self.connection.borrow_mut();
        connection.take_if(|connection| connection.closed.get());
        connection.as_ref().map(|connection| connection.database.clone())
    }

    fn open(self: &Rc<Self>) -> Result<(Rc<Deferred>, u64), Failure> {
        // A page of an opaque origin may not even ask for it.
        let factory = Reflect::get(&js_sys::global(), &"indexedDB".into()).ok().filter(JsValue::is_object);
        let factory: IdbFactory = factory.ok_or_else(|| failed(&JsValue::NULL))?.unchecked_into();
        let request = factory.open_with_u32(NAME, VERSION).map_err(|error| failed(&error))?;
        let ended = Rc::new(Deferred::new());
        let (done, undone, to, answered, of) =
            (Rc::clone(&ended), Rc::clone(&ended), Rc::downgrade(self), request.clone(), request.clone());
        let upgrading = request.clone();
        let listeners = [
            Listener::new(&request, "upgradeneeded", move |_| lay_out(&upgrading)),
            Listener::new(&request, "success", move |_| {
                if let Ok(database) = answered.result() {
                    // Dropped, and so closed, where nobody waits any more.
                    let connection = Connection::new(database.unchecked_into());
                    if let Some(to) = to.upgrade() {
                        to.connection.replace(Some(connection));
                    }
                }
                done.resolve(&JsValue::UNDEFINED);
            }),
            Listener::new(&request, "error", move |_| {
                undone.resolve(&of.error().ok().flatten().map_or(JsValue::NULL, Into::into));
            }),
        ];
        let since = clock::now().0;
        self.opening.replace(Some(Opening { ended: Rc::clone(&ended), since, _listeners: listeners }));
        Ok((ended, since))
    }
}

/// A transaction, listed until this is dropped.
struct Live<'a> {
    database: &'a Database,
    transaction: IdbTransaction,
}

impl<'a> Live<'a> {
    fn new(database: &'a Database, transaction: &IdbTransaction) -> Self {
        database.live.borrow_mut().push(transaction.clone());
        Self { database, transaction: transaction.clone() }
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.database.live.borrow_mut().retain(|live| *live != self.transaction);
    }
}

impl Connection {
    fn new(database: IdbDatabase) -> Self {
        let closed = Rc::new(Cell::new(false));
        let (gives_way, was_closed, of) = (Rc::clone(&closed), Rc::clone(&closed), database.clone());
        let listeners = [
            // Another tab wants to upgrade the database (a newer version of this library), or someone deletes it.
            Listener::new(&database, "versionchange", move |_| {
                of.close();
                gives_way.set(true);
            }),
            Listener::new(&database, "close", move |_| was_closed.set(true)),
        ];
        Self { database, closed, _listeners: listeners }
    }
}

/// Makes the object stores. Where that fails the browser undoes it and the request to open fails.
fn lay_out(request: &IdbOpenDbRequest) {
    let Ok(database) = request.result() else { return };
    let database: IdbDatabase = database.unchecked_into();
    if let Ok(uploads) = database.create_object_store(UPLOADS) {
        let _ = uploads.create_index_with_str(EXPIRES, EXPIRES);
    }
    let _ = database.create_object_store(TAGS);
    let _ = database.create_object_store(LEASES);
}

fn begin(database: &IdbDatabase, stores: &[&str], access: Access) -> Result<IdbTransaction, JsValue> {
    let stores: Array = stores.iter().map(|store| JsValue::from_str(store)).collect();
    let durable: &Durable = database.unchecked_ref();
    if access == Access::Read {
        return durable.transaction(&stores, "readonly", &JsValue::UNDEFINED);
    }
    let options = Object::new();
    Reflect::set(&options, &"durability".into(), &"strict".into())?;
    // Old engines ignore the option; one that refused it would get none.
    durable
        .transaction(&stores, "readwrite", &options)
        .or_else(|_| durable.transaction(&stores, "readwrite", &JsValue::UNDEFINED))
}

/// Why it failed, as far as the browser says. Only the kind of the error is told: its message is the browser's own.
fn failed(error: &JsValue) -> Failure {
    let kind = error.dyn_ref::<DomException>().map(DomException::name).unwrap_or_default();
    let message = match kind.as_str() {
        "QuotaExceededError" => "The browser's storage is full.".to_owned(),
        "" => "This browser lets the page keep nothing.".to_owned(),
        kind => ["The browser's database failed (", kind, ")."].concat(),
    };
    Failure::new(Code::Storage, message)
}
