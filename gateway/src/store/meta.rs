//! The database: tables, rows as JSON, transactions that are on disk before they answer.

use std::path::Path;

use redb::{Database, ReadTransaction, ReadableTable, Table, TableDefinition, TableHandle as _, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// A table of bytes by bytes.
pub(crate) type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// Session key -> `SessionRecord`.
pub(crate) const SESSIONS: Definition = TableDefinition::new("sessions");
/// Member ID -> `MemberRecord`.
pub(crate) const MEMBERS: Definition = TableDefinition::new("members");
/// Session key and file key -> `FileRecord`.
pub(crate) const FILES: Definition = TableDefinition::new("files");
/// File key -> session key.
pub(crate) const OWNERS: Definition = TableDefinition::new("owners");
/// File key and part number -> `PartRecord`, while the file is not complete.
pub(crate) const PARTS: Definition = TableDefinition::new("parts");
/// File key -> the list of `PartRecord` that a complete file consists of.
pub(crate) const MANIFESTS: Definition = TableDefinition::new("manifests");

/// The open database.
pub(crate) struct Meta {
    database: Database,
}

impl Meta {
    /// Opens or makes the database at `path`.
    ///
    /// # Errors
    /// The file cannot be used; in particular, another gateway has it open.
    pub fn open(path: &Path) -> Result<Self, redb::Error> {
        let database = Database::create(path)?;
        let transaction = database.begin_write()?;
        for table in [SESSIONS, MEMBERS, FILES, OWNERS, PARTS, MANIFESTS] {
            let _ = transaction.open_table(table)?.name();
        }
        transaction.commit()?;
        Ok(Self { database })
    }

    /// Runs `work` on one consistent state of the database.
    pub fn read<T>(&self, work: impl FnOnce(&ReadTransaction) -> Result<T, ApiError>) -> Result<T, ApiError> {
        use redb::ReadableDatabase as _;
        work(&self.database.begin_read()?)
    }

    /// Runs `work` alone. What it wrote is on disk when this returns; nothing of it is where `work` failed.
    pub fn write<T>(&self, work: impl FnOnce(&WriteTransaction) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let transaction = self.database.begin_write()?;
        match work(&transaction) {
            Ok(done) => {
                transaction.commit()?;
                Ok(done)
            }
            Err(error) => {
                transaction.abort()?;
                Err(error)
            }
        }
    }
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

macro_rules! from_redb {
    ($($error:ty),*) => {$(
        impl From<$error> for ApiError {
            fn from(error: $error) -> Self {
                Self::internal("the database", &error)
            }
        }
    )*};
}
from_redb!(redb::TransactionError, redb::TableError, redb::StorageError, redb::CommitError);
