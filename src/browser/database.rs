//! The page's connection to IndexedDB.
//!
//! One connection for all buckets of the page, opened when it is first needed. A write counts once its transaction
//! reports `complete`. Nothing here has a deadline: whoever waits too long drops the future.

use super::deferred::Deferred;
use super::property::{dictionary, get, set};
use super::spawn::spawn;
use super::{Boxed, Listener, wall_clock};
use crate::protocol::{Code, Failure};
use js_sys::{Array, Reflect};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DomException, EventTarget, IdbDatabase, IdbFactory, IdbKeyRange, IdbObjectStore, IdbOpenDbRequest, IdbRequest,
    IdbTransaction,
};

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
    /// Read and write. What is written outlives the browser; where the machine loses its power, the last of it is lost.
    Write,
    /// Read and write, to the disk (durability `strict`): that costs milliseconds.
    WriteThrough,
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
    ended: Deferred,
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
            let is_cached = get(&event, "persisted").is_truthy();
            if let Some(database) = database.upgrade().filter(|_| is_cached) {
                for transaction in database.live.borrow().iter() {
                    // One that is being committed cannot be undone, and ends by itself.
                    let _ = transaction.abort();
                }
            }
        });
        *self.leaving.borrow_mut() = Some(leaving);
    }

    /// Begins a transaction over `stores`. Its requests must be placed before anything else is awaited.
    ///
    /// # Errors
    /// `storage` where there is no database.
    pub fn begin<'a>(
        self: &'a Rc<Self>,
        stores: &'a [&str],
        access: Access,
    ) -> Boxed<'a, Result<Transaction, Failure>> {
        Box::pin(async move {
            let transaction = match begin(&self.connect().await?, stores, access) {
                Ok(transaction) => transaction,
                Err(_) => {
                    // The browser has closed the connection and has not said so yet.
                    self.connection.take();
                    begin(&self.connect().await?, stores, access).map_err(failed)?
                }
            };
            Ok(Transaction::new(self, transaction))
        })
    }

    /// Runs one transaction over `stores`, for which `place` places the requests. Gives the results of those that are
    /// wanted, once it is complete.
    ///
    /// # Errors
    /// `storage`
    pub fn run(
        self: &Rc<Self>,
        stores: &'static [&'static str],
        access: Access,
        place: Place,
    ) -> Boxed<'static, Result<Vec<JsValue>, Failure>> {
        let database = Rc::clone(self);
        Box::pin(async move {
            let transaction = database.begin(stores, access).await?;
            let Placed { wanted, listener: _listener } = place(&transaction).map_err(failed)?;
            transaction.end().await?;
            Ok(wanted.iter().map(result).collect())
        })
    }

    /// Deletes the uploads of every session that expired before `now` (milliseconds since 1970). Done whenever the
    /// database is opened.
    ///
    /// # Errors
    /// `storage`
    pub fn sweep(self: &Rc<Self>, now: f64) -> Boxed<'static, Result<Vec<JsValue>, Failure>> {
        let place = move |transaction: &Transaction| {
            let (uploads, tags) = (transaction.store(UPLOADS)?, transaction.store(TAGS)?);
            let range = IdbKeyRange::upper_bound(&now.into())?;
            let expired = uploads.index(EXPIRES)?.get_all_keys_with_key(&range)?;
            Ok(Placed::heard(expired, move |expired| {
                for key in list(expired).iter() {
                    let _ = delete_upload(&uploads, &tags, &key);
                }
            }))
        };
        self.run(&[UPLOADS, TAGS], Access::Write, Box::new(place))
    }

    /// The open connection, made if there is none.
    async fn connect(self: &Rc<Self>) -> Result<IdbDatabase, Failure> {
        if let Some(database) = self.connected() {
            return Ok(database);
        }
        let opening = self.opening.borrow().as_ref().map(|opening| opening.ended.promise());
        let ended = match opening {
            Some(ended) => ended,
            None => self.open().map_err(failed)?,
        };
        let error = JsFuture::from(ended).await.unwrap_or(JsValue::NULL);
        self.connected().ok_or_else(|| failed(error))
    }

    fn connected(&self) -> Option<IdbDatabase> {
        let mut connection = self.connection.borrow_mut();
        connection.take_if(|connection| connection.closed.get());
        connection.as_ref().map(|connection| connection.database.clone())
    }

    fn open(self: &Rc<Self>) -> Result<js_sys::Promise, JsValue> {
        // A page of an opaque origin may not even ask for it.
        let factory = Some(get(&js_sys::global(), "indexedDB")).filter(JsValue::is_object);
        let factory: IdbFactory = factory.ok_or(JsValue::NULL)?.unchecked_into();
        let request = factory.open_with_u32(NAME, VERSION)?;
        let ended = Deferred::new();
        let end = {
            let (to, ended) = (Rc::downgrade(self), ended.clone());
            move |connection: Option<Connection>, error: JsValue| {
                if let Some(database) = to.upgrade() {
                    database.opening.take();
                    if connection.is_some() {
                        database.connection.replace(connection);
                        spawn(async move {
                            // What fails here fails in the next transaction as well, and is told there.
                            let _ = database.sweep(wall_clock()).await;
                        });
                    }
                }
                ended.resolve(&error);
            }
        };
        let (fail, opened, of, upgrading) = (end.clone(), request.clone(), request.clone(), request.clone());
        let listeners = [
            Listener::new(&request, "upgradeneeded", move |_| lay_out(&upgrading)),
            Listener::new(&request, "success", move |_| {
                // Dropped, and so closed, where nobody holds the database any more.
                let connection = opened.result().ok().map(|database| Connection::new(database.unchecked_into()));
                end(connection, JsValue::UNDEFINED);
            }),
            Listener::new(&request, "error", move |_| {
                fail(None, of.error().ok().flatten().map_or(JsValue::NULL, Into::into));
            }),
        ];
        let promise = ended.promise();
        self.opening.replace(Some(Opening { ended, _listeners: listeners }));
        Ok(promise)
    }
}

/// Places the requests of a transaction. Whatever it fails with undoes the transaction.
pub type Place = Box<dyn FnOnce(&Transaction) -> Result<Placed, JsValue>>;

/// The requests of a transaction whose results are wanted, and what listens to one of them meanwhile.
#[derive(Default)]
pub struct Placed {
    wanted: Vec<IdbRequest>,
    listener: Option<Listener>,
}

impl Placed {
    /// The results of these are wanted.
    pub fn wanting(wanted: impl Into<Vec<IdbRequest>>) -> Self {
        Self { wanted: wanted.into(), listener: None }
    }

    /// What follows from the result of `request` belongs to the same transaction.
    pub fn heard(request: IdbRequest, heard: impl Fn(JsValue) + 'static) -> Self {
        let answer = request.clone();
        let listener = Listener::new(&request, "success", move |_| heard(result(&answer)));
        Self { wanted: Vec::new(), listener: Some(listener) }
    }
}

/// A transaction. Dropped before it has ended, it is undone.
pub struct Transaction {
    database: Rc<Database>,
    transaction: IdbTransaction,
    /// Fulfilled with undefined once it is complete, or with why it is not.
    ended: Deferred,
    is_over: bool,
    _listeners: [Listener; 2],
}

impl Transaction {
    fn new(database: &Rc<Database>, transaction: IdbTransaction) -> Self {
        database.live.borrow_mut().push(transaction.clone());
        let ended = Deferred::new();
        let (done, undone, of) = (ended.clone(), ended.clone(), transaction.clone());
        let listeners = [
            Listener::new(&transaction, "complete", move |_| done.resolve(&JsValue::UNDEFINED)),
            // An abort without an error is our own.
            Listener::new(&transaction, "abort", move |_| {
                undone.resolve(&of.error().map_or(JsValue::NULL, Into::into));
            }),
        ];
        Self { database: Rc::clone(database), transaction, ended, is_over: false, _listeners: listeners }
    }

    /// One of its object stores.
    ///
    /// # Errors
    /// The database has none of that name.
    pub fn store(&self, name: &str) -> Result<IdbObjectStore, JsValue> {
        self.transaction.object_store(name)
    }

    /// Waits until it is complete. Results of its requests may be read then.
    ///
    /// # Errors
    /// `storage` where it was undone.
    pub async fn end(mut self) -> Result<(), Failure> {
        let error = JsFuture::from(self.ended.promise()).await.unwrap_or(JsValue::NULL);
        self.is_over = true;
        if error.is_undefined() { Ok(()) } else { Err(failed(error)) }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.database.live.borrow_mut().retain(|live| *live != self.transaction);
        if !self.is_over {
            let _ = self.transaction.abort();
        }
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
    let options = dictionary();
    let durability = if access == Access::WriteThrough { "strict" } else { "relaxed" };
    set(&options, "durability", &durability.into());
    // Old engines ignore the option; one that refused it would get none.
    durable
        .transaction(&stores, "readwrite", &options)
        .or_else(|_| durable.transaction(&stores, "readwrite", &JsValue::UNDEFINED))
}

/// Deletes an upload's row and the tags of its parts.
pub fn delete_upload(uploads: &IdbObjectStore, tags: &IdbObjectStore, key: &JsValue) -> Result<(), JsValue> {
    let range = below(key)?;
    uploads.delete(key)?;
    tags.delete(&range).map(drop)
}

/// Every key that begins with the array `key` and is longer: an array is greater than whatever else an array may hold.
pub fn below(key: &JsValue) -> Result<IdbKeyRange, JsValue> {
    let end: Array = Array::from(key);
    end.push(&Array::new());
    IdbKeyRange::bound(key, &end)
}

/// The result of a request that has succeeded.
pub fn result(request: &IdbRequest) -> JsValue {
    request.result().unwrap_or(JsValue::UNDEFINED)
}

/// The result of a request for all rows, or all keys.
pub fn list(result: JsValue) -> Array {
    result.dyn_into().unwrap_or_default()
}

/// The element of an array.
pub fn at(array: &JsValue, index: u32) -> JsValue {
    Reflect::get_u32(array, index).unwrap_or(JsValue::UNDEFINED)
}

/// Why it failed, as far as the browser says. Only the kind of the error is told: its message is the browser's own.
pub fn failed(error: JsValue) -> Failure {
    let kind = error.dyn_ref::<DomException>().map(DomException::name).unwrap_or_default();
    let message = match kind.as_str() {
        "QuotaExceededError" => "The browser's storage is full.".to_owned(),
        "" => "This browser lets the page keep nothing.".to_owned(),
        kind => ["The browser's database failed (", kind, ")."].concat(),
    };
    Failure::new(Code::Storage, message)
}
