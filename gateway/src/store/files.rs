//! Files of a session: declared, received part by part, completed, listed, removed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use axum::http::StatusCode;
use redb::{ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::link::Opens;
use crate::random;
use crate::session::{self, SessionKey};
use crate::store::blobs::Incoming;
use crate::store::meta::{FILES, MANIFESTS, OWNERS, PARTS, PLACES, SESSIONS, load, load_all, save};
use crate::store::sessions::{SessionRecord, forget, forget_parts};
use crate::store::under_way::{End, Has, Patience, Ticket};
use crate::store::{FileKey, Inner, Store};

/// Bytes in a megabyte of the rule maxTotalMegaBytes.
const MEGABYTE: u64 = 1_000_000;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct FileRecord {
    creator: String,
    name: Option<String>,
    total_parts: u32,
    size: u64,
    upload_id: String,
    /// Bytes of the parts stored so far.
    pub stored: u64,
    completed: bool,
    /// Its place among all files that the session ever started: the order of the list.
    pub place: u64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PartRecord {
    pub tag: String,
    pub size: u64,
    pub blob: String,
}

/// A file as the API shows it: `UploadInfoDto`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileInfo {
    /// Who started the upload.
    pub creator_id: String,
    /// Whether every part is there and the upload was completed.
    pub completed: bool,
    /// The file's key, in hexadecimal.
    pub file_key: String,
    /// What was sent as `encryptedName`.
    pub file_name: Option<String>,
    /// Parts the file was declared with.
    pub total_parts: u32,
    /// Bytes the file was declared with.
    pub original_size_in_bytes: u64,
}

/// What an upload declares when it starts.
pub(crate) struct NewFile {
    /// The member who starts it.
    pub creator: String,
    /// What was sent as `encryptedName`.
    pub name: Option<String>,
    /// Parts to come, from 1.
    pub total_parts: u32,
    /// Bytes to come.
    pub size: u64,
}

/// Where a part goes, once it is received.
#[derive(Clone)]
pub(crate) struct Slot {
    /// The session that the file must be in.
    pub session: SessionKey,
    /// The file.
    pub file: FileKey,
    /// The upload's ID, as the client sent it.
    pub upload_id: String,
    /// The part's number, from 1.
    pub number: u32,
}

/// A piece of a complete file.
pub(crate) struct Segment {
    /// Where its bytes are.
    pub path: PathBuf,
    /// How many there are.
    pub size: u64,
}

impl Store {
    /// Declares a file: takes its slot and its bytes from what the session's rules leave, in one transaction.
    /// Gives its key and its upload ID.
    ///
    /// # Errors
    /// 403 where the session has as many files as it may, 413 where the bytes do not fit.
    pub async fn start_file(&self, session: SessionKey, new: NewFile) -> Result<(FileKey, String), ApiError> {
        let (file, upload_id) = (FileKey(random::bytes()?), random::hex(&random::bytes::<16>()?));
        self.run(move |store| {
            store.under_way.check(new.size)?;
            store.meta.write(|transaction| {
                let NewFile { creator, name, total_parts, size } = new;
                let mut record = FileRecord {
                    creator,
                    name,
                    total_parts,
                    size,
                    upload_id: upload_id.clone(),
                    stored: 0,
                    completed: false,
                    place: 0,
                };
                record.place = reserve(transaction, session, size, record.listed(file)?, store.max_list)?;
                transaction.open_table(PLACES)?.insert(&*place_row(session, record.place), file.0.as_slice())?;
                save(&mut transaction.open_table(FILES)?, &file_row(session, file), &record)?;
                save(&mut transaction.open_table(OWNERS)?, &file.0, &session.0)?;
                Ok((file, upload_id))
            })
        })
        .await
    }

    /// One file of a session.
    ///
    /// # Errors
    /// 404 where the session has no such file.
    pub async fn file(&self, session: SessionKey, file: FileKey) -> Result<FileInfo, ApiError> {
        self.run(move |store| {
            store.meta.read(|transaction| {
                let record = record(&transaction.open_table(FILES)?, session, file)?;
                Ok(record.ok_or_else(ApiError::no_key)?.info(&file.0))
            })
        })
        .await
    }

    /// Begins a part: gives its place among those on their way, and takes `declared` bytes for it.
    ///
    /// # Errors
    /// 404 where there is no such upload, 409 where it is complete, 400 where it has no part of that number, 413 where
    /// the file, beside what is stored and on its way, may not have so many bytes; 507 where the server may not.
    pub async fn begin_part(&self, slot: &Slot, declared: u64) -> Result<Arc<Ticket>, ApiError> {
        let ticket = Arc::new(self.0.under_way.begin(slot.session, slot.file, slot.number));
        self.take(slot, &ticket, declared).await?;
        Ok(ticket)
    }

    /// Takes `more` bytes for the part. Where an earlier try of it has them, they are waited for.
    ///
    /// # Errors
    /// As [`Store::begin_part`], and what ends the part meanwhile.
    pub async fn take(&self, slot: &Slot, ticket: &Arc<Ticket>, more: u64) -> Result<(), ApiError> {
        let again = || {
            let (slot, ticket) = (slot.clone(), ticket.clone());
            self.run(move |Inner { meta, space, .. }| {
                let look = |numbers: &mut dyn Iterator<Item = u32>| {
                    let numbers: Vec<u32> = numbers.collect();
                    meta.read(|transaction| {
                        let record = slot.receiving(&transaction.open_table(FILES)?)?;
                        let mut parts = BTreeMap::new();
                        for &number in &numbers {
                            let row = part_row(slot.file, number);
                            let part: Option<PartRecord> = load(&transaction.open_table(PARTS)?, &row)?;
                            parts.extend(part.map(|part| (number, part.size)));
                        }
                        Ok(Has { left: record.size.saturating_sub(record.stored), parts })
                    })
                };
                ticket.reserve(more, look, |bytes| space.check(bytes))
            })
        };
        Patience::default().wait(ticket, again).await
    }

    /// A temporary file to receive the part of `ticket` in.
    pub async fn receive(&self, ticket: &Arc<Ticket>) -> Result<Incoming, ApiError> {
        let (nonce, ticket) = (random::bytes()?, ticket.clone());
        self.run(move |store| Ok(store.blobs.receive(nonce, store.space.clone(), ticket)?)).await
    }

    /// Stores a whole part and gives its tag. It replaces an earlier part of that number, at once or not at all;
    /// when this returns it is on disk.
    ///
    /// # Errors
    /// As [`Store::begin_part`], since the file may have changed meanwhile, and 413 where the part no longer fits.
    pub async fn put_part(&self, slot: Slot, incoming: Incoming, size: u64) -> Result<String, ApiError> {
        self.run(move |Inner { meta, blobs, space, .. }| {
            space.check(0)?;
            let (blob, tag) = blobs.publish(&incoming, slot.file, slot.number)?;
            let replaced = meta.write(|transaction| {
                let mut files = transaction.open_table(FILES)?;
                let mut parts = transaction.open_table(PARTS)?;
                let mut record = slot.receiving(&files)?;
                let old: Option<PartRecord> = load(&parts, &slot.row())?;
                if size > record.room(old.as_ref()) {
                    return Err(too_many_bytes());
                }
                record.stored = record.stored - old.as_ref().map_or(0, |old| old.size) + size;
                let part = PartRecord { tag: tag.clone(), size, blob: blob.clone() };
                save(&mut parts, &slot.row(), &part)?;
                save(&mut files, &file_row(slot.session, slot.file), &record)?;
                Ok(old)
            });
            match replaced {
                Ok(old) => {
                    incoming.ticket.stored(size, old.as_ref().map_or(0, |old| old.size));
                    if let Some(old) = old {
                        blobs.remove(slot.file, &old.blob);
                    }
                    Ok(tag)
                }
                Err(error) => {
                    blobs.remove(slot.file, &blob);
                    if error.status == StatusCode::NOT_FOUND {
                        blobs.remove_folder(slot.file);
                    }
                    Err(error)
                }
            }
        })
        .await
    }

    /// Completes a file from all its parts, given their tags in order. With the same tags it may be asked again.
    ///
    /// # Errors
    /// 404 where there is no such file, 409 where it was completed with other tags, 400 where the tags are not those of
    /// the parts, the bytes are not as many as declared, or a part but the last has fewer than `min_part_size`.
    pub async fn complete(
        &self,
        session: SessionKey,
        file: FileKey,
        tags: Vec<String>,
        min_part_size: u64,
    ) -> Result<FileInfo, ApiError> {
        self.run(move |store| {
            let completed = store.meta.write(|transaction| {
                let mut files = transaction.open_table(FILES)?;
                let mut manifests = transaction.open_table(MANIFESTS)?;
                let mut record = record(&files, session, file)?.ok_or_else(ApiError::no_key)?;
                if record.completed {
                    let manifest: Vec<PartRecord> = load(&manifests, &file.0)?.unwrap_or_default();
                    return if manifest.iter().map(|part| &part.tag).eq(&tags) {
                        Ok(record.info(&file.0))
                    } else {
                        Err(ApiError::conflict("InvalidPart", "The file was completed with other tags."))
                    };
                }
                let parts = load_all::<PartRecord>(&transaction.open_table(PARTS)?, &file.0)?;
                let parts: Vec<PartRecord> = parts.into_iter().map(|(_, part)| part).collect();
                check(&record, &parts, &tags, min_part_size)?;
                record.completed = true;
                save(&mut files, &file_row(session, file), &record)?;
                save(&mut manifests, &file.0, &parts)?;
                forget_parts(transaction, file)?;
                Ok(record.info(&file.0))
            })?;
            store.under_way.end_file(file, End::Complete);
            Ok(completed)
        })
        .await
    }

    /// Removes a file, complete or not, and gives its slot and bytes back to the session.
    ///
    /// # Errors
    /// 404 where the session has no such file.
    pub async fn remove(&self, session: SessionKey, file: FileKey) -> Result<(), ApiError> {
        self.run(move |Inner { meta, blobs, space, under_way, .. }| {
            // The bytes of a file that a transaction found which failed: it may have lasted.
            let mut stored = None;
            meta.give_back(|transaction| {
                let row = file_row(session, file);
                let mut files = transaction.open_table(FILES)?;
                let Some(record) = load::<FileRecord>(&files, &row)? else {
                    return stored.map(|_| ()).ok_or_else(ApiError::no_key);
                };
                stored = Some(record.stored);
                files.remove(row.as_slice())?;
                forget(transaction, file)?;
                transaction.open_table(PLACES)?.remove(&*place_row(session, record.place))?;
                release(transaction, session, record.size, record.listed(file)?)
            })?;
            under_way.end_file(file, End::Gone);
            blobs.remove_all(file);
            under_way.stored(0_i64.saturating_sub_unsigned(stored.unwrap_or_default()));
            space.restore();
            Ok(())
        })
        .await
    }

    /// What a complete file consists of, whoever's it is: a signed link has said who may read it.
    ///
    /// # Errors
    /// 404 where the file or its session is gone, 403 where the member is.
    pub async fn segments(&self, Opens { file, member }: Opens) -> Result<(FileInfo, Vec<Segment>, u64), ApiError> {
        self.run(move |Inner { meta, blobs, .. }| {
            meta.read(|transaction| {
                let owner: [u8; 32] = load(&transaction.open_table(OWNERS)?, &file.0)?.ok_or_else(ApiError::no_key)?;
                let session: Option<SessionRecord> = load(&transaction.open_table(SESSIONS)?, &owner)?;
                let session = session.filter(|session| session.expiry > session::now()).ok_or_else(ApiError::no_key)?;
                if !session.has(member) {
                    return Err(ApiError::expired_link());
                }
                let record = record(&transaction.open_table(FILES)?, SessionKey(owner), file)?;
                let record = record.ok_or_else(ApiError::no_key)?;
                let manifest: Option<Vec<PartRecord>> = load(&transaction.open_table(MANIFESTS)?, &file.0)?;
                let segments = manifest.ok_or_else(ApiError::no_key)?.into_iter();
                let segments = segments.map(|part| Segment { path: blobs.path(file, &part.blob), size: part.size });
                Ok((record.info(&file.0), segments.collect(), session.expiry))
            })
        })
        .await
    }
}

impl Inner {
    /// Counts the bytes of all parts, before any request.
    pub(super) fn count_stored(&self) -> Result<(), ApiError> {
        let files = self.meta.read(|transaction| load_all::<FileRecord>(&transaction.open_table(FILES)?, &[]))?;
        let stored = files.iter().fold(0_i64, |sum, (_, file)| sum.saturating_add_unsigned(file.stored));
        self.under_way.stored(stored);
        Ok(())
    }
}

impl FileRecord {
    fn info(self, key: &[u8]) -> FileInfo {
        FileInfo {
            creator_id: self.creator,
            completed: self.completed,
            file_key: random::hex(key),
            file_name: self.name,
            total_parts: self.total_parts,
            original_size_in_bytes: self.size,
        }
    }

    /// The file's entry in the list.
    pub fn json(self, key: FileKey) -> Result<Vec<u8>, ApiError> {
        serde_json::to_vec(&self.info(&key.0)).map_err(|error| ApiError::internal("an answer", &error))
    }

    /// Bytes of the longest entry that the file has in its life, with a comma.
    pub fn listed(&self, key: FileKey) -> Result<u64, ApiError> {
        let entry = Self { completed: false, ..self.clone() };
        Ok(entry.json(key)?.len() as u64 + 1)
    }

    /// Bytes that a part may have which replaces `old`.
    fn room(&self, old: Option<&PartRecord>) -> u64 {
        self.size.saturating_sub(self.stored.saturating_sub(old.map_or(0, |old| old.size)))
    }
}

impl Slot {
    fn row(&self) -> Vec<u8> {
        part_row(self.file, self.number)
    }

    /// The file, if it is one that this part can be put to.
    fn receiving(&self, files: &impl ReadableTable<&'static [u8], &'static [u8]>) -> Result<FileRecord, ApiError> {
        let record = record(files, self.session, self.file)?;
        let record = record.filter(|record| record.upload_id == self.upload_id).ok_or_else(ApiError::no_upload)?;
        if record.completed {
            return Err(ApiError::complete());
        }
        if self.number > record.total_parts {
            return Err(ApiError::invalid("partNumber is beyond the totalParts that the upload was started with."));
        }
        Ok(record)
    }
}

/// A part has more bytes than the declared size leaves.
pub(crate) fn too_many_bytes() -> ApiError {
    ApiError::too_large("The part has more bytes than originalSizeInBytes leaves for it.")
}

fn part_row(file: FileKey, number: u32) -> Vec<u8> {
    [file.0.as_slice(), &number.to_be_bytes()].concat()
}

/// The row of [`PLACES`].
pub(super) fn place_row(session: SessionKey, place: u64) -> Vec<u8> {
    [session.0.as_slice(), &place.to_be_bytes()].concat()
}

pub(super) fn file_row(session: SessionKey, file: FileKey) -> Vec<u8> {
    [session.0.as_slice(), &file.0].concat()
}

fn record(
    files: &impl ReadableTable<&'static [u8], &'static [u8]>,
    session: SessionKey,
    file: FileKey,
) -> Result<Option<FileRecord>, ApiError> {
    load(files, &file_row(session, file))
}

/// Takes one file of `size` bytes from what the session's rules leave, and an entry of `listed` bytes from the most
/// that its list may have, and gives its place in the list.
fn reserve(
    transaction: &WriteTransaction,
    session: SessionKey,
    size: u64,
    listed: u64,
    max_list: u64,
) -> Result<u64, ApiError> {
    let mut sessions = transaction.open_table(SESSIONS)?;
    let mut record: SessionRecord = load(&sessions, &session.0)?.ok_or_else(ApiError::token)?;
    if record.files >= record.rules.max_files {
        return Err(ApiError::refused("TooManyFiles", "The session has as many files as its rule maxFiles allows."));
    }
    record.listed += listed;
    // With the brackets.
    if record.listed.saturating_add(2) > max_list {
        let message = "The session's list of files is as long as it may be.";
        return Err(ApiError::refused("TooManyFiles", message));
    }
    let most = record.rules.max_megabytes.saturating_mul(MEGABYTE);
    match record.bytes.checked_add(size).filter(|&bytes| bytes <= most) {
        Some(bytes) => record.bytes = bytes,
        None => return Err(ApiError::too_large("The session's rule maxTotalMegaBytes leaves no room for this file.")),
    }
    record.files += 1;
    record.started += 1;
    save(&mut sessions, &session.0, &record)?;
    Ok(record.started)
}

/// Gives back what [`reserve`] took.
fn release(transaction: &WriteTransaction, session: SessionKey, size: u64, listed: u64) -> Result<(), ApiError> {
    let mut sessions = transaction.open_table(SESSIONS)?;
    let Some(mut record) = load::<SessionRecord>(&sessions, &session.0)? else { return Ok(()) };
    record.files = record.files.saturating_sub(1);
    record.bytes = record.bytes.saturating_sub(size);
    record.listed = record.listed.saturating_sub(listed);
    save(&mut sessions, &session.0, &record)
}

/// Whether `parts` are the whole of the file and `tags` are theirs.
fn check(file: &FileRecord, parts: &[PartRecord], tags: &[String], min_part_size: u64) -> Result<(), ApiError> {
    let refuse = |code, message: &'static str| Err(ApiError::new(StatusCode::BAD_REQUEST, code, message));
    let total = file.total_parts as usize;
    if tags.len() != total {
        return refuse("InvalidPart", "There must be one tag for each of the totalParts.");
    }
    if parts.len() != total {
        return refuse("InvalidPart", "Parts are missing.");
    }
    if !parts.iter().map(|part| &part.tag).eq(tags) {
        let sorted = |mut tags: Vec<String>| {
            tags.sort();
            tags
        };
        return if sorted(parts.iter().map(|part| part.tag.clone()).collect()) == sorted(tags.to_vec()) {
            refuse("InvalidPartOrder", "The tags must be in the order of the parts.")
        } else {
            refuse("InvalidPart", "A tag is not that of the stored part.")
        };
    }
    if parts.iter().rev().skip(1).any(|part| part.size < min_part_size) {
        return refuse("EntityTooSmall", "Every part but the last must have the least part size.");
    }
    if file.stored != file.size {
        return refuse("IncompleteBody", "The parts together have fewer bytes than originalSizeInBytes.");
    }
    Ok(())
}
