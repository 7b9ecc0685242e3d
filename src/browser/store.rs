//! What is kept of a session's unfinished uploads, in IndexedDB.
//!
//! | Object store | Key | Value |
//! |---|---|---|
//! | `uploads` | `[scope, identity]` | `{ sealed, expires, handle? }` |
//! | `tags` | `[scope, identity, part]` | sealed bytes |
//!
//! Scope, identity and sealed bytes are those of [`crate::resume`]. `expires` is in milliseconds since 1970. The handle
//! is there only if the caller gave one; it is the browser's own object and knows the file it stands for.

use super::clock;
use super::database::{Access, Database, EXPIRES, TAGS, UPLOADS};
use super::listener::Listener;
use crate::protocol::{Code, Failure};
use crate::resume::{Record, ResumeError, ResumeKey};
use js_sys::{Array, Object, Reflect, Uint8Array};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IdbKeyRange, IdbObjectStore, IdbRequest, IdbTransaction};

/// No row of ours has so many bytes; a longer one is not even copied.
const LONGEST_ROW: u32 = 64 * 1024;

/// An upload that was kept.
pub struct Kept {
    /// What it is.
    pub record: Record,
    /// The parts stored so far, by number from 1, and their tags. Each number comes once.
    pub tags: Vec<(u32, String)>,
}

/// The unfinished uploads of one session.
pub struct Store {
    key: Rc<ResumeKey>,
    scope: JsValue,
    database: Rc<Database>,
    swept: Cell<bool>,
}

impl Store {
    /// The store of the session that `key` belongs to. Nothing is opened before it is used.
    pub fn open(key: Rc<ResumeKey>) -> Self {
        let scope = JsValue::from_str(&key.scope());
        Self { key, scope, database: Database::shared(), swept: Cell::new(false) }
    }

    /// What is kept of the file `identity`. A row that does not open, or has expired, is deleted and counts as absent.
    ///
    /// # Errors
    /// `storage`
    pub async fn find(&self, identity: &str) -> Result<Option<Kept>, Failure> {
        let key = self.upload_key(identity);
        let range = below(&key)?;
        let (row, numbers, tags) = self
            .run(Access::Read, |uploads, tags| {
                Ok((uploads.get(&key)?, tags.get_all_keys_with_key(&range)?, tags.get_all_with_key(&range)?))
            })
            .await?;
        let row = result(&row);
        if row.is_undefined() {
            return Ok(None);
        }
        let Some(record) = self.record(identity, &row) else {
            self.purge(identity).await?;
            return Ok(None);
        };
        let mut kept = Kept { record, tags: Vec::new() };
        let mut broken = Vec::new();
        for (key, tag) in list(&numbers).iter().zip(list(&tags).iter()) {
            match self.tag(identity, &kept.record, &key, &tag) {
                Some(tag) => kept.tags.push(tag),
                None => broken.push(key),
            }
        }
        self.delete(Vec::new(), broken).await?;
        Ok(Some(kept))
    }

    /// Stores the record of an upload until `expires` (milliseconds since 1970). It replaces any earlier record of the
    /// file.
    ///
    /// # Errors
    /// `storage`
    pub async fn begin(
        &self,
        identity: &str,
        record: &Record,
        expires: f64,
        handle: Option<&JsValue>,
    ) -> Result<(), Failure> {
        let sealed = self.key.seal_record(identity, record, nonce()?).map_err(unkeepable)?;
        let row = Object::new();
        set(&row, "sealed", &Uint8Array::from(sealed.as_slice()))?;
        set(&row, "expires", &expires.into())?;
        let key = self.upload_key(identity);
        let range = below(&key)?;
        self.run(Access::Write, |uploads, tags| {
            tags.delete(&range)?;
            if let Some(handle) = handle {
                Reflect::set(&row, &"handle".into(), handle)?;
                if uploads.put_with_key(&row, &key).is_ok() {
                    return Ok(());
                }
                // This browser cannot store the handle; the upload is worth keeping without.
                Reflect::delete_property(&row, &"handle".into())?;
            }
            uploads.put_with_key(&row, &key).map(drop)
        })
        .await
    }

    /// Keeps the tag of a stored part of the upload `record`, and says whether it was kept: not where the upload itself
    /// is not kept any more. When this returns, it is on the disk.
    ///
    /// # Errors
    /// `storage`
    pub async fn save_tag(&self, identity: &str, part: u32, record: &Record, tag: &str) -> Result<bool, Failure> {
        let sealed = self.key.seal_tag(identity, part, record, tag, nonce()?).map_err(unkeepable)?;
        let sealed = Uint8Array::from(sealed.as_slice());
        let upload = self.upload_key(identity);
        let key: JsValue = Array::of3(&self.scope, &identity.into(), &part.into()).into();
        let kept = Rc::new(Cell::new(false));
        let told = Rc::clone(&kept);
        // In one transaction, so that a tag outlives no purge.
        let _listener = self
            .run(Access::Write, move |uploads, tags| {
                let found = uploads.get_key(&upload)?;
                let (answer, tags) = (found.clone(), tags.clone());
                Ok(Listener::new(&found, "success", move |_| {
                    if !result(&answer).is_undefined() {
                        match tags.put_with_key(&sealed, &key) {
                            Ok(_) => told.set(true),
                            Err(_) => drop(tags.transaction().abort()),
                        }
                    }
                }))
            })
            .await?;
        Ok(kept.get())
    }

    /// Forgets the file `identity`.
    ///
    /// # Errors
    /// `storage`
    pub async fn purge(&self, identity: &str) -> Result<(), Failure> {
        self.delete(vec![self.upload_key(identity)], Vec::new()).await
    }

    /// Every kept upload of the session: identity, what is kept, and whether there is a file handle.
    ///
    /// # Errors
    /// `storage`
    pub async fn all(&self) -> Result<Vec<(String, Kept, bool)>, Failure> {
        let range = below(&Array::of1(&self.scope))?;
        let (keys, rows, numbers, tags) = self
            .run(Access::Read, |uploads, tags| {
                Ok((
                    uploads.get_all_keys_with_key(&range)?,
                    uploads.get_all_with_key(&range)?,
                    tags.get_all_keys_with_key(&range)?,
                    tags.get_all_with_key(&range)?,
                ))
            })
            .await?;
        let mut found: Vec<(String, Kept, bool)> = Vec::new();
        let mut broken = Vec::new();
        for (key, row) in list(&keys).iter().zip(list(&rows).iter()) {
            let identity = at(&key, 1).as_string().unwrap_or_default();
            match self.record(&identity, &row) {
                Some(record) => {
                    found.push((identity, Kept { record, tags: Vec::new() }, get(&row, "handle").is_object()));
                }
                None => broken.push(key),
            }
        }
        for (key, tag) in list(&numbers).iter().zip(list(&tags).iter()) {
            let identity = at(&key, 1).as_string().unwrap_or_default();
            // Both lists come in the order of their keys, but strings are ordered otherwise in JavaScript than in Rust.
            if let Some((identity, kept, _)) = found.iter_mut().find(|(known, ..)| *known == identity)
                && let Some(tag) = self.tag(identity, &kept.record, &key, &tag)
            {
                kept.tags.push(tag);
            }
        }
        self.delete(broken, Vec::new()).await?;
        Ok(found)
    }

    /// The file handle that was kept with the upload.
    ///
    /// # Errors
    /// `storage`
    pub async fn handle(&self, identity: &str) -> Result<Option<JsValue>, Failure> {
        let key = self.upload_key(identity);
        let row = self.run(Access::Read, |uploads, _| uploads.get(&key)).await?;
        Ok(Some(get(&result(&row), "handle")).filter(JsValue::is_object))
    }

    /// Deletes the rows of every session that expired before `now` (milliseconds since 1970). Runs by itself when the
    /// store is first used.
    ///
    /// # Errors
    /// `storage`
    pub async fn purge_expired(&self, now: f64) -> Result<(), Failure> {
        let range = IdbKeyRange::upper_bound(&now.into()).map_err(unusable)?;
        let sweep = |transaction: &IdbTransaction| {
            let (uploads, tags) = (transaction.object_store(UPLOADS)?, transaction.object_store(TAGS)?);
            let expired = uploads.index(EXPIRES)?.get_all_keys_with_key(&range)?;
            let answer = expired.clone();
            Ok(Listener::new(&expired, "success", move |_| {
                for key in list(&answer).iter() {
                    let _ = delete_upload(&uploads, &tags, &key);
                }
            }))
        };
        self.database.run(&[UPLOADS, TAGS], Access::Write, sweep).await.map(drop)
    }

    async fn run<T>(
        &self,
        access: Access,
        act: impl FnOnce(&IdbObjectStore, &IdbObjectStore) -> Result<T, JsValue>,
    ) -> Result<T, Failure> {
        if !self.swept.replace(true) {
            // What fails here fails below as well, and is told there.
            let _ = self.purge_expired(clock::wall_clock()).await;
        }
        let act =
            |transaction: &IdbTransaction| act(&transaction.object_store(UPLOADS)?, &transaction.object_store(TAGS)?);
        self.database.run(&[UPLOADS, TAGS], access, act).await
    }

    async fn delete(&self, uploads: Vec<JsValue>, parts: Vec<JsValue>) -> Result<(), Failure> {
        if uploads.is_empty() && parts.is_empty() {
            return Ok(());
        }
        self.run(Access::Write, |of_uploads, of_tags| {
            parts.iter().try_for_each(|key| of_tags.delete(key).map(drop))?;
            uploads.iter().try_for_each(|key| delete_upload(of_uploads, of_tags, key))
        })
        .await
    }

    fn upload_key(&self, identity: &str) -> JsValue {
        Array::of2(&self.scope, &identity.into()).into()
    }

    /// The record in a row, unless it has expired.
    fn record(&self, identity: &str, row: &JsValue) -> Option<Record> {
        let lives = get(row, "expires").as_f64().is_some_and(|expires| expires > clock::wall_clock());
        let sealed = bytes(&get(row, "sealed")).filter(|_| lives)?;
        self.key.open_record(identity, &sealed).ok()
    }

    /// The tag in a row, if it is of this upload and of one of its parts.
    fn tag(&self, identity: &str, record: &Record, key: &JsValue, row: &JsValue) -> Option<(u32, String)> {
        let number = at(key, 2).as_f64().filter(|number| *number >= 1.0 && *number <= f64::from(record.parts()))?;
        let part = number as u32;
        self.key.open_tag(identity, part, record, &bytes(row)?).ok().map(|tag| (part, tag))
    }
}

fn delete_upload(uploads: &IdbObjectStore, tags: &IdbObjectStore, key: &JsValue) -> Result<(), JsValue> {
    let range = range_below(key)?;
    uploads.delete(key)?;
    tags.delete(&range).map(drop)
}

/// Every key that begins with the array `key` and is longer: an array is greater than whatever else an array may hold.
fn range_below(key: &JsValue) -> Result<IdbKeyRange, JsValue> {
    let end: Array = Array::from(key);
    end.push(&Array::new());
    IdbKeyRange::bound(key, &end)
}

fn below(key: &JsValue) -> Result<IdbKeyRange, Failure> {
    range_below(key).map_err(unusable)
}

/// The result of a request whose transaction is complete.
fn result(request: &IdbRequest) -> JsValue {
    request.result().unwrap_or(JsValue::UNDEFINED)
}

fn list(request: &IdbRequest) -> Array {
    result(request).dyn_into().unwrap_or_default()
}

fn get(object: &JsValue, key: &str) -> JsValue {
    // Of undefined there is nothing to get.
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

fn at(key: &JsValue, index: u32) -> JsValue {
    Reflect::get_u32(key, index).unwrap_or(JsValue::UNDEFINED)
}

fn set(object: &Object, key: &str, value: &JsValue) -> Result<(), Failure> {
    Reflect::set(object, &key.into(), value).map(drop).map_err(unusable)
}

fn bytes(value: &JsValue) -> Option<Vec<u8>> {
    let bytes = value.dyn_ref::<Uint8Array>().filter(|bytes| bytes.length() <= LONGEST_ROW)?;
    Some(bytes.to_vec())
}

fn nonce() -> Result<[u8; 12], Failure> {
    let mut nonce = [0; 12];
    getrandom::fill(&mut nonce)
        .map_err(|_| Failure::new(Code::Storage, "This browser has no source of randomness."))?;
    Ok(nonce)
}

fn unkeepable(_: ResumeError) -> Failure {
    Failure::new(Code::Storage, "The upload has an ID or a tag too long to be kept.")
}

fn unusable(_: JsValue) -> Failure {
    Failure::new(Code::Storage, "The browser's database does not work as it should.")
}
