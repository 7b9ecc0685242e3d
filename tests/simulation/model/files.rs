//! The person's files: bytes are a version number, and may change under way or become unreadable.

use partway::engine::Identity;

/// What reading a picked file gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Read {
    /// The bytes of this version.
    Bytes(u32),
    Unreadable,
}

/// A file on the person's disk.
#[derive(Clone, Debug)]
pub struct Disk {
    pub size: u64,
    /// Its bytes now.
    pub version: u32,
    /// The version that its sample shows: a change that no sampled byte shows leaves it behind.
    pub shown: u32,
    /// Whether a pick of an older version can be read: some browsers refuse, others read the new bytes.
    pub reads_on: bool,
    pub gone: bool,
    /// Versions that no sample tells from the one before.
    pub hidden: Vec<u32>,
}

/// How a file changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// The browser refuses to read what was picked before.
    Refused,
    /// The browser reads the new bytes, and the sample shows it.
    Shown,
    /// The browser reads the new bytes, and no sampled byte is another.
    Hidden,
    /// It is removed.
    Gone,
}

#[derive(Default)]
pub struct Files {
    pub all: Vec<Disk>,
    /// Whether some reads take long, or longer than anybody waits.
    pub hang: bool,
}

impl Files {
    pub fn add(&mut self, size: u64) -> usize {
        self.all.push(Disk { size, version: 0, shown: 0, reads_on: false, gone: false, hidden: Vec::new() });
        self.all.len() - 1
    }

    pub fn change(&mut self, file: usize, change: Change) {
        let disk = &mut self.all[file];
        match change {
            Change::Gone => disk.gone = true,
            Change::Hidden if disk.size > 0 => {
                disk.version += 1;
                disk.hidden.push(disk.version);
                disk.reads_on = true;
            }
            Change::Refused | Change::Shown | Change::Hidden => {
                disk.version += 1;
                disk.shown = disk.version;
                disk.reads_on = change != Change::Refused;
            }
        }
    }

    /// Reads a file that was picked when it showed the version `picked`.
    pub fn read(&self, file: usize, picked: u32) -> Read {
        let disk = &self.all[file];
        if disk.gone || (picked != disk.shown && !disk.reads_on) { Read::Unreadable } else { Read::Bytes(disk.version) }
    }

    /// The identity of a file that was picked when it showed the version `picked`.
    pub fn identity(&self, file: usize, picked: u32) -> Option<Identity> {
        let disk = &self.all[file];
        (self.read(file, picked) != Read::Unreadable).then(|| Identity(format!("file {file} v{}", disk.shown)))
    }

    /// Whether a file shows what `identity` names.
    pub fn shows(&self, identity: &Identity) -> bool {
        let named = |(file, disk): (usize, &Disk)| identity.0 == format!("file {file} v{}", disk.shown);
        self.all.iter().enumerate().any(named)
    }

    /// The disk as it was: a file is what `identity` names again, and can be read. Gives the file.
    pub fn restore(&mut self, identity: &Identity) -> usize {
        let (file, shown) = identity.0.strip_prefix("file ").and_then(|text| text.split_once(" v")).expect("made here");
        let (file, shown): (usize, u32) = (file.parse().expect("a number"), shown.parse().expect("a number"));
        let disk = &mut self.all[file];
        disk.gone = false;
        if disk.shown != shown {
            (disk.version, disk.shown) = (shown, shown);
        }
        file
    }
}
