//! What an onlooker knows of every tab, from actions and events alone, never from inside an engine.

pub mod answers;
pub mod asked;
pub mod failures;
pub mod quiet;
pub mod subject;
pub mod tab;
pub mod told;
pub mod tries;
pub mod upload;
pub mod wanted;

use partway::engine::Identity;
use std::collections::{BTreeMap, BTreeSet};
use tab::TabBook;

/// What is known of one file over all tabs.
#[derive(Clone, Debug, Default)]
pub struct FileBook {
    /// Copies that the bucket may hold: one for each time it was picked after an earlier upload of it had ended, or
    /// without a way to know of the others.
    pub copies: usize,
    /// Every upload of it ended.
    pub over: bool,
    /// When a tab last said that it is stored.
    pub told_at: Option<u64>,
    /// Something happened after which tabs cannot know of each other: the store failed, the service denied the file.
    pub blurred: bool,
    /// Keeping was given up by some tab.
    pub unkept: bool,
    /// Tabs that picked it.
    pub tabs: usize,
    /// Keys under which it was completed, as told to a tab.
    pub done: BTreeSet<String>,
}

pub struct Books {
    pub tabs: Vec<TabBook>,
    pub files: BTreeMap<Identity, FileBook>,
    /// Keys that some person was shown with the end of an upload, or that a tab which lives still works with.
    pub shown_keys: BTreeSet<String>,
    /// Names of uploads that failed, or that were never kept: nobody promises to tidy up after them.
    pub unpromised: BTreeSet<String>,
    /// Keys that somebody called to remove or to forget.
    pub called_off: BTreeSet<String>,
    /// All faults ended then.
    pub calm: Option<u64>,
    /// The tab that tidies up.
    pub last: Option<usize>,
    /// Nothing happened that makes copies by itself.
    pub undisturbed: bool,
    /// Somebody posted a lie.
    pub forged: bool,
    /// How often all of them slept.
    pub sleeps: u32,
    /// Tabs whose lock of a file was stolen, and that do not know it yet.
    pub stolen: BTreeSet<(usize, Identity)>,
}

impl Books {
    /// A tab lost its lock of a file, and is told when its page runs.
    pub fn is_stolen(&mut self, tab: usize, identity: &Identity) {
        self.stolen.insert((tab, identity.clone()));
        if let Some(file) = self.files.get_mut(identity) {
            // What it has on its way may still arrive.
            file.blurred = true;
        }
    }
}

impl Default for Books {
    fn default() -> Self {
        Self {
            tabs: Vec::new(),
            files: BTreeMap::new(),
            shown_keys: BTreeSet::new(),
            unpromised: BTreeSet::new(),
            called_off: BTreeSet::new(),
            calm: None,
            last: None,
            undisturbed: true,
            forged: false,
            sleeps: 0,
            stolen: BTreeSet::new(),
        }
    }
}
