//! A file's name, as the service gets it.

use crate::protocol::Failure;
use std::fmt;
use std::rc::Rc;

/// Writes a name, once. It computes, and does nothing else.
pub type WriteName = Rc<dyn Fn() -> Result<String, Failure>>;

/// The name that the service gets of a file: encrypted, or plain where the caller chose that.
#[derive(Clone)]
pub enum FileName {
    /// It is written.
    Written(String),
    /// It is written when the file's turn comes. Thousands of files may be queued at once, and sealing all their names
    /// would hold up the page.
    Later(WriteName),
}

impl FileName {
    /// Writes it, unless it is written.
    ///
    /// # Errors
    /// What writing it fails with.
    pub(super) fn write(&mut self) -> Result<(), Failure> {
        if let Self::Later(write) = self {
            *self = Self::Written(write()?);
        }
        Ok(())
    }

    /// The name; nothing until it is written.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Written(name) => name,
            Self::Later(_) => "",
        }
    }
}

impl From<String> for FileName {
    fn from(name: String) -> Self {
        Self::Written(name)
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
