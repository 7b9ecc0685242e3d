//! The list of a session's files, page by page: whoever reads it slowly, or not at all, holds one page, and no
//! transaction of the database.

use std::ops::Bound;

use crate::error::ApiError;
use crate::session::{self, SessionKey};
use crate::store::files::{FileRecord, file_row, place_row};
use crate::store::meta::{FILES, PLACES, SESSIONS, load, load_all, save};
use crate::store::sessions::SessionRecord;
use crate::store::{FileKey, Inner, Store};

/// A page ends with the entry that takes it beyond so many bytes. hyper keeps up to 16 of them for a connection.
const PAGE: usize = 4 << 10;

/// Where a list goes on.
#[derive(Clone, Copy)]
pub(crate) struct Cursor {
    session: SessionKey,
    /// The last place that was looked at.
    after: u64,
    /// The last that there was when the list began: one that is added to meanwhile has an end.
    last: u64,
    /// Whether there was an entry.
    any: bool,
}

/// Some entries of a list.
pub(crate) struct Page {
    /// Their JSON: of all pages together, one list.
    pub json: Vec<u8>,
    /// Where the list goes on; nothing where it has ended.
    pub next: Option<Cursor>,
}

impl Store {
    /// Begins the list of a session's files, in the order they were started.
    ///
    /// # Errors
    /// 401 where the session has ended.
    pub async fn list(&self, session: SessionKey) -> Result<Page, ApiError> {
        self.run(move |store| {
            let last = store.live(session)?.started;
            let mut page = store.page(Cursor { session, after: 0, last, any: false })?;
            page.json.insert(0, b'[');
            Ok(page)
        })
        .await
    }

    /// Goes on with a list.
    ///
    /// # Errors
    /// 401 where the session has ended meanwhile: the list must not look as if it had.
    pub async fn list_on(&self, cursor: Cursor) -> Result<Page, ApiError> {
        self.run(move |store| {
            store.live(cursor.session)?;
            store.page(cursor)
        })
        .await
    }
}

impl Inner {
    fn live(&self, session: SessionKey) -> Result<SessionRecord, ApiError> {
        let record: Option<SessionRecord> =
            self.meta.read(|transaction| load(&transaction.open_table(SESSIONS)?, &session.0))?;
        record.filter(|record| record.expiry > session::now()).ok_or_else(ApiError::expired)
    }

    fn page(&self, cursor: Cursor) -> Result<Page, ApiError> {
        self.meta.read(|transaction| {
            let mut cursor = cursor;
            let files = transaction.open_table(FILES)?;
            let row = |place| place_row(cursor.session, place);
            let (after, last) = (row(cursor.after), row(cursor.last));
            let mut json = Vec::new();
            let places = transaction.open_table(PLACES)?;
            for place in places.range::<&[u8]>((Bound::Excluded(&*after), Bound::Included(&*last)))? {
                let (_, file) = place?;
                let Ok(file) = <[u8; 16]>::try_from(file.value()).map(FileKey) else { continue };
                let Some(record) = load::<FileRecord>(&files, &file_row(cursor.session, file))? else { continue };
                let next = Cursor { after: record.place, any: true, ..cursor };
                if cursor.any {
                    json.push(b',');
                }
                json.extend(record.json(file)?);
                cursor = next;
                if json.len() > PAGE {
                    return Ok(Page { json, next: Some(cursor) });
                }
            }
            json.push(b']');
            Ok(Page { json, next: None })
        })
    }

    /// Gives files that an earlier version stored their places in the list, before any request.
    pub(super) fn place_files(&self) -> Result<(), ApiError> {
        let misplaced = self.meta.read(|transaction| {
            use redb::ReadableTableMetadata as _;
            Ok(transaction.open_table(PLACES)?.len()? != transaction.open_table(FILES)?.len()?)
        })?;
        if !misplaced {
            return Ok(());
        }
        self.meta.write(|transaction| {
            let files = load_all::<FileRecord>(&transaction.open_table(FILES)?, &[])?;
            let mut places = transaction.open_table(PLACES)?;
            let mut sessions = transaction.open_table(SESSIONS)?;
            let mut all = load_all::<SessionRecord>(&sessions, &[])?;
            for (key, session) in &mut all {
                session.listed = 0;
                let (Ok(session_key), own) = (<[u8; 32]>::try_from(&**key), &*key) else { continue };
                for (row, file) in files.iter().filter(|(row, _)| row.starts_with(own)) {
                    let Some(Ok(file_key)) = row.get(32..).map(<[u8; 16]>::try_from) else { continue };
                    places.insert(&*place_row(SessionKey(session_key), file.place), file_key.as_slice())?;
                    session.listed += file.listed(FileKey(file_key))?;
                }
                save(&mut sessions, key, session)?;
            }
            Ok(())
        })
    }
}
