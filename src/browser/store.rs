//! What is stored of a session's unfinished uploads, in IndexedDB.
//!
//! | Object store | Key | Value |
//! |---|---|---|
//! | `uploads` | `[scope, identity]` | `{ sealed, expires, handle? }` |
//! | `tags` | `[scope, identity, number]` | sealed bytes: a part |
//!
//! Scope, identity and sealed bytes are those of [`crate::resume`]. `expires` is in milliseconds since 1970. The handle
//! is there only if the caller gave one; it is the browser's own object and knows the file it stands for.
//!
//! The version before had one scope for all services. What it stored is found there, under an identity that begins with
//! [`EARLIER`] on this side of the store, and is moved once a service is known to have it.

use super::database::{Access, Database, Placed, TAGS, Transaction, UPLOADS, at, below, delete_upload, failed, list};
use super::property::{dictionary, get, set};
use super::{Boxed, wall_clock};
use crate::engine::{Identity, Stored};
use crate::protocol::{Code, Failure};
use crate::resume::{Record, ResumeError, ResumeKey, StoredPart};
use js_sys::{Array, Reflect, Uint8Array};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};

/// No row of ours has so many bytes; a longer one is not even copied.
const LONGEST_ROW: u32 = 64 * 1024;

const STORES: [&str; 2] = [UPLOADS, TAGS];

/// How the identity of what the version before stored begins. No base64url does.
pub const EARLIER: &str = "1/";

/// The unfinished uploads of one session at one service.
pub struct Store {
    now: Shelf,
    /// Where the version before stored them, those of any service.
    earlier: Shelf,
    database: Rc<Database>,
}

/// The rows of one scope.
struct Shelf {
    key: Rc<ResumeKey>,
    scope: JsValue,
}

impl Store {
    /// The store of the session at the service that `key` belongs to; `earlier` is the session's at any. Nothing is
    /// opened before it is used.
    pub fn new(key: Rc<ResumeKey>, earlier: ResumeKey) -> Self {
        Self { now: Shelf::new(key), earlier: Shelf::new(Rc::new(earlier)), database: Database::shared() }
    }

    /// The key of the session's identities.
    pub fn key(&self) -> &ResumeKey {
        &self.now.key
    }

    /// What is stored of the file: by this version, or else by the one before, which called it `earlier`. A row that
    /// does not open, or has expired, is deleted and counts as absent.
    ///
    /// # Errors
    /// `storage`
    pub async fn find(
        &self,
        identity: Identity,
        earlier: Boxed<'_, Option<Identity>>,
    ) -> Result<Option<Stored>, Failure> {
        let key = self.place(&identity).1;
        let of_earlier = below(&Array::of1(&self.earlier.scope)).map_err(failed)?;
        let place = move |transaction: &Transaction| {
            let uploads = transaction.store(UPLOADS)?;
            Ok(Placed::wanting([uploads.get_key(&key)?, uploads.count_with_key(&of_earlier)?]))
        };
        let found = self.database.run(&[UPLOADS], Access::Read, Box::new(place)).await?;
        // Nothing is known of most files, and the version before stored nothing of most sessions.
        if found.first().is_some_and(|key| !key.is_undefined())
            && let Some(stored) = self.load(identity).await?
        {
            return Ok(Some(stored));
        }
        if found.last().is_some_and(|count| *count != 0)
            && let Some(earlier) = earlier.await
        {
            return self.load(earlier).await;
        }
        Ok(None)
    }

    /// What is stored of an upload.
    ///
    /// # Errors
    /// `storage`
    pub async fn load(&self, identity: Identity) -> Result<Option<Stored>, Failure> {
        let (shelf, key) = self.place(&identity);
        let prefix = if is_earlier(&identity) { EARLIER } else { "" };
        let (mut found, broken) = self.load_below(shelf, prefix, &key).await?;
        self.delete(Vec::new(), broken).await?;
        Ok(found.pop())
    }

    /// Everything that is stored of the session's uploads. What does not open, or has expired, is deleted.
    ///
    /// # Errors
    /// `storage`
    pub async fn load_all(&self) -> Result<Vec<Stored>, Failure> {
        let mut all = Vec::new();
        for (shelf, prefix) in [(&self.now, ""), (&self.earlier, EARLIER)] {
            // A tag that does not open is deleted by whoever loads that upload alone.
            all.extend(self.load_below(shelf, prefix, &Array::of1(&shelf.scope)).await?.0);
        }
        Ok(all)
    }

    /// What is stored at `key`, and below it, of uploads whose identities begin with `prefix`; and the keys of parts
    /// that are of none of them, or do not open.
    async fn load_below(
        &self,
        shelf: &Shelf,
        prefix: &str,
        key: &JsValue,
    ) -> Result<(Vec<Stored>, Vec<JsValue>), Failure> {
        let range = below(key).map_err(failed)?;
        let place = move |transaction: &Transaction| {
            let (uploads, tags) = (transaction.store(UPLOADS)?, transaction.store(TAGS)?);
            Ok(Placed::wanting([
                uploads.get_all_keys_with_key(&range)?,
                uploads.get_all_with_key(&range)?,
                tags.get_all_keys_with_key(&range)?,
                tags.get_all_with_key(&range)?,
            ]))
        };
        let mut lists = self.database.run(&STORES, Access::Read, Box::new(place)).await?.into_iter();
        let mut next = || list(lists.next().unwrap_or_default());
        let (keys, rows, numbers, tags) = (next(), next(), next(), next());
        let (mut found, mut broken) = (Vec::new(), Vec::new());
        for (key, row) in keys.iter().zip(rows.iter()) {
            let identity = at(&key, 1).as_string().unwrap_or_default();
            match shelf.record(&identity, &row) {
                Some(record) => {
                    found.push(Stored { identity: Identity([prefix, &identity].concat()), record, parts: Vec::new() });
                }
                None => broken.push(key),
            }
        }
        let broken_parts = shelf.add_parts(&mut found, &numbers, &tags);
        self.delete(broken, Vec::new()).await?;
        Ok((found, broken_parts))
    }

    /// Stores the record of an upload until `expires` (milliseconds since 1970), in place of all that is stored of the
    /// file. When this returns, that of a file of several parts is on the disk: without it, all of them would be lost.
    ///
    /// # Errors
    /// `storage`
    pub async fn begin(
        &self,
        identity: &Identity,
        record: &Record,
        expires: f64,
        handle: Option<&JsValue>,
    ) -> Result<(), Failure> {
        let (shelf, key) = self.place(identity);
        let sealed = shelf.key.seal_record(text(identity), record, nonce()?).map_err(unkeepable)?;
        let row = dictionary();
        set(&row, "sealed", &Uint8Array::from(sealed.as_slice()));
        set(&row, "expires", &expires.into());
        let handle = handle.cloned();
        let place = move |transaction: &Transaction| {
            let (uploads, tags) = (transaction.store(UPLOADS)?, transaction.store(TAGS)?);
            let range = below(&key)?;
            tags.delete(&range)?;
            if let Some(handle) = &handle {
                set(&row, "handle", handle);
            }
            uploads.put_with_key(&row, &key).or_else(|error| {
                if handle.is_none() {
                    return Err(error);
                }
                // This browser cannot store the handle; the upload is worth storing without.
                Reflect::delete_property(&row, &"handle".into())?;
                uploads.put_with_key(&row, &key)
            })?;
            Ok(Placed::default())
        };
        let is_large = record.parts() > 1 && !record.is_intent();
        let access = if is_large { Access::WriteThrough } else { Access::Write };
        self.database.run(&STORES, access, Box::new(place)).await.map(drop)
    }

    /// Stores a part of the upload `record`, of which only the key and the upload ID matter.
    ///
    /// # Errors
    /// `storage`, also where the upload itself is not stored any more.
    pub async fn save_part(
        &self,
        identity: &Identity,
        number: u32,
        record: &Record,
        part: &StoredPart,
    ) -> Result<(), Failure> {
        let (shelf, upload) = self.place(identity);
        let (key, sealed) = shelf.part_row(text(identity), number, record, part)?;
        let stored = Rc::new(Cell::new(false));
        let told = Rc::clone(&stored);
        let place = move |transaction: &Transaction| {
            let (uploads, tags) = (transaction.store(UPLOADS)?, transaction.store(TAGS)?);
            // In one transaction, so that a tag outlives no purge.
            Ok(Placed::heard(uploads.get_key(&upload)?, move |found| {
                if !found.is_undefined() {
                    match tags.put_with_key(&sealed, &key) {
                        Ok(_) => told.set(true),
                        Err(_) => drop(tags.transaction().abort()),
                    }
                }
            }))
        };
        self.database.run(&STORES, Access::Write, Box::new(place)).await?;
        if stored.get() { Ok(()) } else { Err(gone()) }
    }

    /// Deletes what is stored of the file.
    ///
    /// # Errors
    /// `storage`
    pub async fn purge(&self, identity: &Identity) -> Result<(), Failure> {
        self.delete(vec![self.place(identity).1], Vec::new()).await
    }

    /// Moves what the version before stored of a file to where it belongs now.
    ///
    /// # Errors
    /// `storage`, also where it is not stored any more.
    pub async fn adopt(&self, earlier: Identity, identity: &Identity) -> Result<(), Failure> {
        let (shelf, key) = self.place(identity);
        let (_, old_key) = self.place(&earlier);
        let (row, found) = (self.row(old_key.clone()).await?, self.load(earlier).await?);
        let Stored { record, parts, .. } = found.ok_or_else(gone)?;
        let sealed = shelf.key.seal_record(text(identity), &record, nonce()?).map_err(unkeepable)?;
        set(row.unchecked_ref(), "sealed", &Uint8Array::from(sealed.as_slice()));
        let parts = parts.iter().map(|(number, part)| shelf.part_row(text(identity), *number, &record, part));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let place = move |transaction: &Transaction| {
            let (uploads, of_tags) = (transaction.store(UPLOADS)?, transaction.store(TAGS)?);
            uploads.put_with_key(&row, &key)?;
            parts.iter().try_for_each(|(key, part)| of_tags.put_with_key(part, key).map(drop))?;
            delete_upload(&uploads, &of_tags, &old_key)?;
            Ok(Placed::default())
        };
        self.database.run(&STORES, Access::WriteThrough, Box::new(place)).await.map(drop)
    }

    /// The file handle that is stored with the upload.
    ///
    /// # Errors
    /// `storage`
    pub async fn handle(&self, identity: &Identity) -> Result<Option<JsValue>, Failure> {
        let row = self.row(self.place(identity).1).await?;
        Ok(Some(get(&row, "handle")).filter(JsValue::is_object))
    }

    /// The row of an upload; undefined where there is none.
    async fn row(&self, key: JsValue) -> Result<JsValue, Failure> {
        let place = move |transaction: &Transaction| Ok(Placed::wanting([transaction.store(UPLOADS)?.get(&key)?]));
        let mut rows = self.database.run(&[UPLOADS], Access::Read, Box::new(place)).await?;
        Ok(rows.pop().unwrap_or_default())
    }

    async fn delete(&self, uploads: Vec<JsValue>, parts: Vec<JsValue>) -> Result<(), Failure> {
        if uploads.is_empty() && parts.is_empty() {
            return Ok(());
        }
        let place = move |transaction: &Transaction| {
            let (of_uploads, of_tags) = (transaction.store(UPLOADS)?, transaction.store(TAGS)?);
            parts.iter().try_for_each(|key| of_tags.delete(key).map(drop))?;
            uploads.iter().try_for_each(|key| delete_upload(&of_uploads, &of_tags, key))?;
            Ok(Placed::default())
        };
        self.database.run(&STORES, Access::Write, Box::new(place)).await.map(drop)
    }

    /// Where an upload is stored: the shelf, and the key on it.
    fn place(&self, identity: &Identity) -> (&Shelf, JsValue) {
        let shelf = if is_earlier(identity) { &self.earlier } else { &self.now };
        (shelf, Array::of2(&shelf.scope, &JsValue::from_str(text(identity))).into())
    }
}

impl Shelf {
    fn new(key: Rc<ResumeKey>) -> Self {
        Self { scope: JsValue::from_str(&key.scope()), key }
    }

    /// A part as it is stored: its key, and its sealed bytes.
    fn part_row(
        &self,
        identity: &str,
        number: u32,
        record: &Record,
        part: &StoredPart,
    ) -> Result<(JsValue, Uint8Array), Failure> {
        let sealed = self.key.seal_part(identity, number, record, part, nonce()?).map_err(unkeepable)?;
        let key = Array::of3(&self.scope, &JsValue::from_str(identity), &number.into());
        Ok((key.into(), Uint8Array::from(sealed.as_slice())))
    }

    /// The record in a row, unless it has expired.
    fn record(&self, identity: &str, row: &JsValue) -> Option<Record> {
        let lives = get(row, "expires").as_f64().is_some_and(|expires| expires > wall_clock());
        let sealed = bytes(&get(row, "sealed"), LONGEST_ROW).filter(|_| lives)?;
        self.key.open_record(identity, &sealed).ok()
    }

    /// Adds each part to its upload. Returns the keys of those that are of none, or do not open.
    fn add_parts(&self, found: &mut [Stored], numbers: &Array, tags: &Array) -> Vec<JsValue> {
        let mut broken = Vec::new();
        for (key, tag) in numbers.iter().zip(tags.iter()) {
            let identity = at(&key, 1).as_string().unwrap_or_default();
            // Both lists come in the order of their keys, but strings are ordered otherwise in JavaScript than in Rust.
            let stored = found.iter_mut().find(|stored| text(&stored.identity) == identity);
            let added = stored.and_then(|stored| {
                stored.parts.push(self.part(&identity, &stored.record, &key, &tag)?);
                Some(())
            });
            if added.is_none() {
                broken.push(key);
            }
        }
        broken
    }

    /// What a row keeps of a part, if it is of this upload.
    fn part(&self, identity: &str, record: &Record, key: &JsValue, row: &JsValue) -> Option<(u32, StoredPart)> {
        let number = at(key, 2).as_f64().filter(|number| *number >= 1.0 && *number <= f64::from(record.parts()))?;
        let number = number as u32;
        self.key.open_part(identity, number, record, &bytes(row, LONGEST_ROW)?).ok().map(|part| (number, part))
    }
}

/// Whether the version before stored it.
pub fn is_earlier(identity: &Identity) -> bool {
    identity.0.starts_with(EARLIER)
}

/// The identity as it stands in rows.
fn text(identity: &Identity) -> &str {
    identity.0.strip_prefix(EARLIER).unwrap_or(&identity.0)
}

fn gone() -> Failure {
    Failure::new(Code::Storage, "The upload is not stored in this browser any more.")
}

/// Sealed bytes of a database or a message, if they are no more than `most`.
pub fn bytes(value: &JsValue, most: u32) -> Option<Vec<u8>> {
    let bytes = value.dyn_ref::<Uint8Array>().filter(|bytes| bytes.length() <= most)?;
    Some(bytes.to_vec())
}

/// A new nonce, to seal with.
///
/// # Errors
/// `storage`
pub fn nonce() -> Result<[u8; 12], Failure> {
    let mut nonce = [0; 12];
    getrandom::fill(&mut nonce)
        .map_err(|_| Failure::new(Code::Storage, "This browser has no source of randomness."))?;
    Ok(nonce)
}

fn unkeepable(_: ResumeError) -> Failure {
    Failure::new(Code::Storage, "The upload has an ID or a tag too long to be kept.")
}
