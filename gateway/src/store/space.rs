//! Room on the data folder's file system: a reserve that nothing is stored into, and a ballast to remove with.
//!
//! A database that writes to a full disk fails, and fails until it is opened anew. So what stores asks first, and is
//! refused while the reserve is not free. What removes needs some room too, as a database writes before it gives back:
//! should another program have taken the reserve, it gets the ballast's.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;

use crate::error::ApiError;
use crate::random;
use crate::store::private;

/// The reserve, where no flag says it and the file system is not small.
const RESERVE: u64 = 64 << 20;
/// The ballast, on such a file system.
const BALLAST: u64 = 2 << 20;

/// The room that is left.
pub(crate) struct Space {
    data: PathBuf,
    reserve: u64,
    /// Bytes of the whole ballast.
    weight: u64,
    ballast: Mutex<Ballast>,
}

/// A file without a name, so that a crash leaves none.
#[derive(Default)]
struct Ballast {
    file: Option<File>,
    bytes: u64,
}

impl Space {
    /// The room in `data`, of which `reserve` bytes stay free.
    pub fn new(data: &Path, reserve: Option<u64>) -> Self {
        let total = fs4::total_space(data).unwrap_or_default();
        let space = Self {
            data: data.to_owned(),
            reserve: reserve.unwrap_or(RESERVE.min(total / 10)),
            weight: BALLAST.min(total / 16),
            ballast: Mutex::default(),
        };
        space.restore();
        space
    }

    /// Whether `coming` bytes may be stored.
    ///
    /// # Errors
    /// 507 where they, or less, would take from the reserve.
    pub fn check(&self, coming: u64) -> Result<(), ApiError> {
        match self.free() {
            Some(free) if free < self.reserve.saturating_add(coming) => Err(ApiError::no_room()),
            _ => Ok(()),
        }
    }

    /// Gives the ballast's room to what removes, if there is too little else.
    pub fn lend(&self) {
        if self.free().is_some_and(|free| free < self.weight) {
            self.throw_off();
        }
    }

    /// Gives the ballast's room away.
    pub fn throw_off(&self) {
        *self.held() = Ballast::default();
    }

    /// Takes the ballast again, or what there is room for: it comes before the reserve, as what removes needs it most
    /// where another program takes whatever is given back.
    pub fn restore(&self) {
        let mut ballast = self.held();
        let missing = self.weight.saturating_sub(ballast.bytes).min(self.free().unwrap_or_default());
        if missing > 0 {
            // Without it, removing needs what the file system has.
            let _ = self.take(&mut ballast, missing);
        }
    }

    fn take(&self, ballast: &mut Ballast, bytes: u64) -> io::Result<()> {
        if !cfg!(unix) {
            return Ok(());
        }
        let file = match &mut ballast.file {
            Some(file) => file,
            none => {
                let name: [u8; 8] = random::bytes().map_err(io::Error::other)?;
                let path = self.data.join(format!("ballast-{}", random::hex(&name)));
                let file = private::new_file(&path)?;
                fs::remove_file(&path)?;
                none.insert(file)
            }
        };
        let zeros = [0; 64 << 10];
        let mut left = bytes;
        while left > 0 {
            let now = zeros.get(..usize::try_from(left).unwrap_or(usize::MAX)).unwrap_or(&zeros);
            let written = file.write(now)? as u64;
            ballast.bytes += written;
            left = left.saturating_sub(written.max(1));
        }
        file.sync_all()
    }

    /// Free bytes; none where the file system does not tell.
    fn free(&self) -> Option<u64> {
        let told = fs4::statvfs(&self.data).ok()?;
        (told.total_space() > 0).then(|| told.available_space())
    }

    fn held(&self) -> MutexGuard<'_, Ballast> {
        self.ballast.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ApiError {
    /// 507: what is asked for does not fit now.
    pub fn no_room() -> Self {
        let message = "The server has no room left. Try again later.";
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "InsufficientStorage", message)
    }
}

impl From<io::Error> for ApiError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let failure = Self::internal("the data folder", &error);
        if matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge) { Self::no_room() } else { failure }
    }
}
