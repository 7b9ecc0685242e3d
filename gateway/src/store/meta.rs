//! The database: tables, rows as JSON, transactions that are on disk before they answer.
//!
//! redb refuses everything after an error of the disk, until it is opened anew. So the database is closed after one,
//! and opened by whoever needs it next.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use axum::http::StatusCode;
use redb::{
    CommitError, Database, DatabaseError, ReadTransaction, ReadableDatabase as _, ReadableTable, StorageError, Table,
    TableDefinition, TableError, TableHandle as _, TransactionError, WriteTransaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::store::private;
use crate::store::space::Space;

/// A table of bytes by bytes.
pub(crate) type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// Session key -> `SessionRecord`.
pub(crate) const SESSIONS: Definition = TableDefinition::new("sessions");
/// Member ID -> `MemberRecord`.
pub(crate) const MEMBERS: Definition = TableDefinition::new("members");
/// Session key and file key -> `FileRecord`.
pub(crate) const FILES: Definition = TableDefinition::new("files");
/// Session key and place -> file key: the order of the list.
pub(crate) const PLACES: Definition = TableDefinition::new("places");
/// File key -> session key.
pub(crate) const OWNERS: Definition = TableDefinition::new("owners");
/// File key and part number -> `PartRecord`, while the file is not complete.
pub(crate) const PARTS: Definition = TableDefinition::new("parts");
/// File key -> the list of `PartRecord` that a complete file consists of.
pub(crate) const MANIFESTS: Definition = TableDefinition::new("manifests");

const TABLES: [Definition; 7] = [SESSIONS, MEMBERS, FILES, PLACES, OWNERS, PARTS, MANIFESTS];
/// Most bytes of pages kept in memory. The operating system keeps more.
const CACHE: usize = 16 << 20;

/// The database.
pub(crate) struct Meta {
    path: PathBuf,
    space: Arc<Space>,
    /// Whoever works with it holds this; nothing while it cannot be opened.
    database: RwLock<Option<Database>>,
    /// Whether it must be opened anew.
    broken: AtomicBool,
}

/// The database, which stays open meanwhile.
type Opened<'a> = RwLockReadGuard<'a, Option<Database>>;

impl Meta {
    /// Opens or makes the database at `path`, which writes only where `space` says that it may.
    ///
    /// # Errors
    /// The file cannot be used; in particular, another gateway has it open.
    pub fn open(path: PathBuf, space: Arc<Space>) -> Result<Self, redb::Error> {
        private::file(&path).map_err(StorageError::Io)?;
        let database = open(&path)?;
        let complete = {
            let transaction = database.begin_read()?;
            let there: Vec<String> = transaction.list_tables()?.map(|table| table.name().to_owned()).collect();
            TABLES.iter().all(|table| there.iter().any(|there| there == table.name()))
        };
        if !complete {
            let transaction = database.begin_write()?;
            for table in TABLES {
                let _ = transaction.open_table(table)?.name();
            }
            transaction.commit()?;
        }
        Ok(Self { path, space, database: RwLock::new(Some(database)), broken: AtomicBool::new(false) })
    }

    /// Runs `work` on one consistent state of the database, and once more where the database had to be opened anew.
    pub fn read<T>(&self, work: impl Fn(&ReadTransaction) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let once = || {
            let (_opened, transaction) = self.begin(Database::begin_read)?;
            self.noting(work(&transaction))
        };
        once().or_else(|error| if error.broken { once() } else { Err(error) })
    }

    /// Runs `work` alone. What it wrote is on disk when this returns; nothing of it is where `work` failed.
    ///
    /// # Errors
    /// 507, before the database is touched, where the reserve of free space is not free. Where the disk fails, it is
    /// open whether anything was written.
    pub fn write<T>(&self, work: impl FnOnce(&WriteTransaction) -> Result<T, ApiError>) -> Result<T, ApiError> {
        self.space.check(0)?;
        self.transact(work)
    }

    /// Runs `work`, which removes, alone, however little space is free; and once more where the disk failed, as the
    /// first time may or may not have lasted.
    pub fn give_back<T>(&self, mut work: impl FnMut(&WriteTransaction) -> Result<T, ApiError>) -> Result<T, ApiError> {
        self.space.lend();
        self.transact(&mut work).or_else(|error| {
            if !error.broken {
                return Err(error);
            }
            self.space.throw_off();
            self.transact(&mut work)
        })
    }

    fn transact<T>(&self, work: impl FnOnce(&WriteTransaction) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let (_opened, transaction) = self.begin(Database::begin_write)?;
        self.noting(match work(&transaction) {
            Ok(done) => transaction.commit().map(|()| done).map_err(ApiError::from),
            Err(error) => {
                // What the disk broke is over in any case, and the cause is the better news.
                if !error.broken {
                    transaction.abort()?;
                }
                Err(error)
            }
        })
    }

    /// Begins a transaction. One that cannot begin has done nothing, so it may do so again.
    fn begin<T>(&self, begin: impl Fn(&Database) -> Result<T, TransactionError>) -> Result<(Opened<'_>, T), ApiError> {
        let once = || {
            let opened = self.opened()?;
            let database = opened.as_ref().ok_or_else(unavailable)?;
            let transaction = self.noting(begin(database).map_err(ApiError::from))?;
            Ok((opened, transaction))
        };
        once().or_else(|error: ApiError| if error.broken { once() } else { Err(error) })
    }

    /// The database, opened anew where that is needed.
    fn opened(&self) -> Result<Opened<'_>, ApiError> {
        if self.broken.load(Ordering::Acquire) {
            let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
            // Nobody works with it now. Another may have opened it meanwhile.
            if self.broken.load(Ordering::Acquire) {
                // Its file must be closed before it is opened again.
                *database = None;
                *database = Some(open(&self.path).map_err(|error| match error {
                    DatabaseError::Storage(error) => ApiError::from(error),
                    error => failed(&error),
                })?);
                self.broken.store(false, Ordering::Release);
                eprintln!("the database was opened anew");
            }
        }
        Ok(self.database.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sees to it that the database is opened anew where the disk broke it. Whoever asks still holds it.
    fn noting<T>(&self, result: Result<T, ApiError>) -> Result<T, ApiError> {
        if result.as_ref().is_err_and(|error| error.broken) {
            self.broken.store(true, Ordering::Release);
        }
        result
    }
}

fn open(path: &Path) -> Result<Database, DatabaseError> {
    Database::builder().set_cache_size(CACHE).create(path)
}

/// The row at `key`, if there is one.
pub(crate) fn load<V: DeserializeOwned>(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
) -> Result<Option<V>, ApiError> {
    table.get(key)?.map(|row| decode(row.value())).transpose()
}

/// Every row whose key begins with `prefix`, in the order of the keys, with the rest of its key.
pub(crate) fn load_all<V: DeserializeOwned>(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    prefix: &[u8],
) -> Result<Vec<(Vec<u8>, V)>, ApiError> {
    let mut rows = Vec::new();
    for row in table.range(prefix..)? {
        let (key, value) = row?;
        let Some(rest) = key.value().strip_prefix(prefix) else { break };
        rows.push((rest.to_vec(), decode(value.value())?));
    }
    Ok(rows)
}

/// Writes the row at `key`.
pub(crate) fn save<V: Serialize>(
    table: &mut Table<'_, &'static [u8], &'static [u8]>,
    key: &[u8],
    value: &V,
) -> Result<(), ApiError> {
    let value = serde_json::to_vec(value).map_err(|error| ApiError::internal("a row", &error))?;
    table.insert(key, value.as_slice())?;
    Ok(())
}

fn decode<V: DeserializeOwned>(row: &[u8]) -> Result<V, ApiError> {
    serde_json::from_slice(row).map_err(|error| ApiError::internal("a row", &error))
}

/// 503: the database cannot be used now. It is opened anew for the next request.
fn unavailable() -> ApiError {
    let message = "The server's database cannot be used now. Try again.";
    let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message);
    ApiError { broken: true, ..error.after(Duration::from_secs(1)) }
}

fn failed(cause: &dyn std::error::Error) -> ApiError {
    // The line on stderr is what is wanted of it.
    let _ = ApiError::internal("the database", cause);
    unavailable()
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Io(error) => match Self::from(error) {
                full if full.status == StatusCode::INSUFFICIENT_STORAGE => Self { broken: true, ..full },
                _ => unavailable(),
            },
            StorageError::ValueTooLarge(_) => Self::internal("a row", &error),
            // Another request has said what happened.
            StorageError::PreviousIo => unavailable(),
            error => failed(&error),
        }
    }
}

macro_rules! from_redb {
    ($($error:ident),*) => {$(
        impl From<$error> for ApiError {
            fn from(error: $error) -> Self {
                match error {
                    $error::Storage(error) => Self::from(error),
                    error => Self::internal("the database", &error),
                }
            }
        }
    )*};
}
from_redb!(TransactionError, TableError, CommitError);
