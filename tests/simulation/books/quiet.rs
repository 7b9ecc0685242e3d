//! What is noted when an engine has said all it has to say.

use super::failures::slot_of;
use super::tab::TabBook;
use super::wanted::Wanted;

impl TabBook {
    /// Which share of the longest wait a request waited that is sent again now, where only its back-off made it wait.
    pub fn waited(&self, wanted: &Wanted, now: u64) -> Option<f64> {
        let slot = slot_of(wanted)?;
        let upload = match wanted {
            Wanted::Start { name, .. } => self.uploads.values().find(|upload| upload.name == *name)?,
            _ => self.upload(self.upload_of(wanted.key())?),
        };
        let tries = upload.tries.get(&slot)?;
        let bound = tries.jitter.filter(|bound| *bound >= 100)?;
        Some((now - tries.failed_at) as f64 / bound as f64)
    }

    /// Notes how wide the window is now.
    pub fn quiet(&mut self, allowed: usize, now: u64) {
        if allowed < self.window.allowed {
            self.window.halved = Some(now);
            self.window.may_halve = false;
        }
        self.window.allowed = allowed;
        (self.window.must_halve, self.window.may_grow) = (false, false);
        self.interrupted = false;
        self.link.back = false;
        self.should_warn.clear();
    }
}
