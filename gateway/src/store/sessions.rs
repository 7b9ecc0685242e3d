//! Sessions, their members and their rules.

use std::collections::BTreeMap;

use redb::WriteTransaction;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::random;
use crate::session::{self, MemberId, SealedId, SessionId, SessionKey, Token};
use crate::store::files::{FileRecord, place_row};
use crate::store::meta::{FILES, MANIFESTS, MEMBERS, OWNERS, PARTS, PLACES, SESSIONS, load, load_all, save};
use crate::store::{FileKey, Inner, Store};

/// The rules of a session, each already within the server's own limits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rules {
    /// Most members, the host included.
    pub max_users: u64,
    /// Most files at a time.
    pub max_files: u64,
    /// Most megabytes of 10^6 bytes, over all files as declared.
    pub max_megabytes: u64,
    /// Life in seconds.
    pub life: u64,
    /// Whether guests may remove the files that they have started, and no others.
    #[serde(default)]
    pub guests_delete_own_files_only: bool,
}

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Opened the session, and may end it.
    Host,
    /// Joined it.
    Guest,
}

/// A member as the others see them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct User {
    /// The member's ID in hexadecimal.
    pub id: String,
    /// What they call themselves.
    pub pseudonym: String,
    /// What they may do.
    pub role: Role,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SessionRecord {
    /// End, in milliseconds since 1970.
    pub expiry: u64,
    pub rules: Rules,
    pub password: Option<[u8; 32]>,
    pub users: Vec<User>,
    /// Files now in the bucket.
    pub files: u64,
    /// Bytes they declared.
    pub bytes: u64,
    /// Files ever started.
    pub started: u64,
    /// Most bytes that the list of its files can have.
    #[serde(default)]
    pub listed: u64,
}

impl SessionRecord {
    /// Whether somebody is in the session.
    pub fn has(&self, MemberId(member): MemberId) -> bool {
        let id = random::hex(&member);
        self.users.iter().any(|user| user.id == id)
    }
}

#[derive(Serialize, Deserialize)]
struct MemberRecord {
    session: [u8; 32],
    token: [u8; 32],
    sealed_id: SealedId,
}

/// What a member gets who opens or joins a session.
pub(crate) struct Opened {
    /// The session's ID.
    pub id: SessionId,
    /// The new member's token.
    pub token: Token,
    /// The new member.
    pub user: User,
    /// Everyone in the session, the new member last.
    pub users: Vec<User>,
    /// The session's rules.
    pub rules: Rules,
    /// End, in milliseconds since 1970.
    pub expiry: u64,
}

/// A checked token: who asks, and of which session.
#[derive(Clone)]
pub(crate) struct Access {
    /// The session that every look-up is confined to.
    pub session: SessionKey,
    /// Who asks.
    pub member: MemberId,
    /// The same, as others see them.
    pub user: User,
    /// The session's ID, for those who may see it.
    pub id: SessionId,
    /// Everyone in the session, the host first.
    pub users: Vec<User>,
    /// The session's rules.
    pub rules: Rules,
    /// Whether joining takes a password.
    pub password: bool,
    /// End, in milliseconds since 1970.
    pub expiry: u64,
}

impl Store {
    /// Opens a session; the server holds at most `most` of them.
    ///
    /// # Errors
    /// 503 where there are too many.
    pub async fn open_session(
        &self,
        pseudonym: Option<String>,
        password: Option<String>,
        rules: Rules,
        most: u64,
    ) -> Result<Opened, ApiError> {
        let (id, token) = (SessionId::random()?, Token::random()?);
        let record = SessionRecord {
            expiry: session::now().saturating_add(rules.life.saturating_mul(1000)),
            password: password.map(|password| id.password_hash(&password)),
            rules,
            users: Vec::new(),
            files: 0,
            bytes: 0,
            started: 0,
            listed: 0,
        };
        self.run(move |store| {
            store.meta.write(|transaction| {
                use redb::ReadableTableMetadata as _;
                if transaction.open_table(SESSIONS)?.len()? >= most {
                    let full = "This server holds as many sessions as it may.";
                    return Err(ApiError::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "SlowDown", full)
                        .after(std::time::Duration::from_secs(60)));
                }
                admit(transaction, id, token, record, pseudonym, Role::Host)
            })
        })
        .await
    }

    /// Joins the session `id`. Where that takes a password, `judge` is given what tells whether it is the right one.
    ///
    /// # Errors
    /// 404 where there is no such session, 403 where the password is not its own or it is full; what `judge` says.
    pub async fn join_session(
        &self,
        id: SessionId,
        pseudonym: Option<String>,
        password: Option<String>,
        judge: impl FnOnce(&dyn Fn() -> bool) -> Result<bool, ApiError> + Send + 'static,
    ) -> Result<Opened, ApiError> {
        let token = Token::random()?;
        self.run(move |store| {
            store.meta.write(|transaction| {
                let record: Option<SessionRecord> = load(&transaction.open_table(SESSIONS)?, &id.key().0)?;
                let Some(record) = record.filter(|record| record.expiry > session::now()) else {
                    return Err(no_session());
                };
                if let Some(stored) = &record.password
                    && !judge(&|| id.password_is(stored, password.as_deref().unwrap_or_default()))?
                {
                    return Err(ApiError::refused("WrongPassword", "The session has another password."));
                }
                if record.users.len() as u64 >= record.rules.max_users {
                    return Err(ApiError::refused("SessionFull", "The session has as many members as it may."));
                }
                admit(transaction, id, token, record, pseudonym, Role::Guest)
            })
        })
        .await
    }

    /// Checks a token.
    ///
    /// # Errors
    /// 401 where it is wrong or its session has ended.
    pub async fn access(&self, token: Token) -> Result<Access, ApiError> {
        self.run(move |store| {
            store.meta.read(|transaction| {
                let member: Option<MemberRecord> = load(&transaction.open_table(MEMBERS)?, &token.member.0)?;
                // A member that is not there is checked against a hash that nothing has, in the same time.
                let hash = member.as_ref().map_or([0; 32], |member| member.token);
                let Some(member) = member.filter(|_| token.is(&hash)) else { return Err(ApiError::token()) };
                let session: Option<SessionRecord> = load(&transaction.open_table(SESSIONS)?, &member.session)?;
                let session = session.ok_or_else(ApiError::token)?;
                if session.expiry <= session::now() {
                    return Err(ApiError::expired());
                }
                let id = random::hex(&token.member.0);
                let user = session.users.iter().find(|user| user.id == id).cloned().ok_or_else(ApiError::token)?;
                Ok(Access {
                    session: SessionKey(member.session),
                    member: token.member,
                    user,
                    id: SessionId::open(member.sealed_id, &token),
                    users: session.users,
                    rules: session.rules,
                    password: session.password.is_some(),
                    expiry: session.expiry,
                })
            })
        })
        .await
    }

    /// Checks that somebody is in the session, still.
    ///
    /// # Errors
    /// 401 where they are not, or it has ended.
    pub async fn ensure_member(&self, session: SessionKey, member: MemberId) -> Result<(), ApiError> {
        self.run(move |store| {
            store.meta.read(|transaction| {
                let record: Option<SessionRecord> = load(&transaction.open_table(SESSIONS)?, &session.0)?;
                record.filter(|record| record.has(member)).map(drop).ok_or_else(ApiError::token)
            })
        })
        .await
    }

    /// Ends the token of one member. Their files stay.
    ///
    /// # Errors
    /// 404 where the session has no such member.
    pub async fn remove_member(&self, session: SessionKey, member: MemberId) -> Result<(), ApiError> {
        self.run(move |store| {
            // Whether a transaction found them that failed: it may have lasted.
            let mut known = false;
            store.meta.give_back(|transaction| {
                let mut sessions = transaction.open_table(SESSIONS)?;
                let record: Option<SessionRecord> = load(&sessions, &session.0)?;
                let Some(mut record) = record.filter(|record| record.has(member)) else {
                    return if known { Ok(()) } else { Err(no_user()) };
                };
                known = true;
                let id = random::hex(&member.0);
                record.users.retain(|user| user.id != id);
                save(&mut sessions, &session.0, &record)?;
                transaction.open_table(MEMBERS)?.remove(member.0.as_slice())?;
                Ok(())
            })?;
            store.space.restore();
            Ok(())
        })
        .await
    }

    /// Ends a session: its members, files and links with it.
    pub async fn end_session(&self, session: SessionKey) -> Result<(), ApiError> {
        self.run(move |store| store.erase(session)).await
    }
}

impl Inner {
    /// Removes a session, and the parts of its files.
    pub(super) fn erase(&self, session: SessionKey) -> Result<(), ApiError> {
        // Also what a transaction found that failed: it may have lasted.
        let mut files = BTreeMap::new();
        let erased = self.meta.give_back(|transaction| {
            files.extend(erase(transaction, session)?);
            Ok(())
        });
        if erased.is_ok() {
            self.under_way.end_session(session);
            for (file, stored) in files {
                self.blobs.remove_all(file);
                self.under_way.stored(0_i64.saturating_sub_unsigned(stored));
            }
            self.space.restore();
        }
        erased
    }
}

fn no_session() -> ApiError {
    ApiError::new(axum::http::StatusCode::NOT_FOUND, "NoSuchSession", "There is no session of that ID.")
}

/// 404: this session has no such member. The same for a member of another session.
pub(crate) fn no_user() -> ApiError {
    let message = "This session has no member of that ID.";
    ApiError::new(axum::http::StatusCode::NOT_FOUND, "NoSuchUser", message)
}

/// Adds a member to a session and writes both.
fn admit(
    transaction: &WriteTransaction,
    id: SessionId,
    token: Token,
    mut record: SessionRecord,
    pseudonym: Option<String>,
    role: Role,
) -> Result<Opened, ApiError> {
    let MemberId(member) = token.member;
    let name = random::hex(&member);
    let pseudonym = pseudonym.unwrap_or_else(|| format!("member-{}", name.get(..6).unwrap_or_default()));
    let user = User { id: name, pseudonym, role };
    record.users.push(user.clone());
    save(&mut transaction.open_table(SESSIONS)?, &id.key().0, &record)?;
    let stored = MemberRecord { session: id.key().0, token: token.hash(), sealed_id: id.seal(&token) };
    save(&mut transaction.open_table(MEMBERS)?, &member, &stored)?;
    let SessionRecord { users, rules, expiry, .. } = record;
    Ok(Opened { id, token, user, users, rules, expiry })
}

/// Removes every row of a session and gives the keys of its files, and how many bytes of each were stored. The parts
/// are the caller's to remove.
fn erase(transaction: &WriteTransaction, session: SessionKey) -> Result<Vec<(FileKey, u64)>, ApiError> {
    let mut sessions = transaction.open_table(SESSIONS)?;
    if let Some(record) = load::<SessionRecord>(&sessions, &session.0)? {
        let mut members = transaction.open_table(MEMBERS)?;
        for user in record.users {
            if let Some(member) = random::from_hex::<16>(&user.id) {
                members.remove(member.as_slice())?;
            }
        }
    }
    sessions.remove(session.0.as_slice())?;
    let mut files = transaction.open_table(FILES)?;
    let mut places = transaction.open_table(PLACES)?;
    let mut keys = Vec::new();
    for (key, record) in load_all::<FileRecord>(&files, &session.0)? {
        let Ok(key) = <[u8; 16]>::try_from(key) else { continue };
        files.remove([session.0.as_slice(), &key].concat().as_slice())?;
        places.remove(&*place_row(session, record.place))?;
        forget(transaction, FileKey(key))?;
        keys.push((FileKey(key), record.stored));
    }
    Ok(keys)
}

/// Removes every row of a file but its own.
pub(super) fn forget(transaction: &WriteTransaction, file: FileKey) -> Result<(), ApiError> {
    transaction.open_table(OWNERS)?.remove(file.0.as_slice())?;
    transaction.open_table(MANIFESTS)?.remove(file.0.as_slice())?;
    forget_parts(transaction, file)
}

/// Removes the rows of a file's parts.
pub(super) fn forget_parts(transaction: &WriteTransaction, file: FileKey) -> Result<(), ApiError> {
    let mut parts = transaction.open_table(PARTS)?;
    let (first, last) = ([file.0.as_slice(), &[0; 4]].concat(), [file.0.as_slice(), &[255; 4]].concat());
    parts.retain_in::<&[u8], _>(first.as_slice()..=last.as_slice(), |_, _| false)?;
    Ok(())
}

/// The sessions that have ended by `now`, in milliseconds since 1970.
pub(super) fn ended(transaction: &redb::ReadTransaction, now: u64) -> Result<Vec<SessionKey>, ApiError> {
    let sessions = load_all::<SessionRecord>(&transaction.open_table(SESSIONS)?, &[])?;
    let ended = sessions.into_iter().filter(|(_, record)| record.expiry <= now);
    Ok(ended.filter_map(|(key, _)| key.try_into().ok().map(SessionKey)).collect())
}
