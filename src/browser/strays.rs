//! Unfinished files that starts left in the bucket, and that no upload knows of.

use super::driver::Driver;
use super::job::Job;
use crate::protocol::{FileInfo, FileList, Request};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use web_sys::AbortSignal;

impl Driver {
    /// A file was begun here under `key`.
    pub(super) fn note_start(&self, job: &Job, key: &str) {
        if !job.findable {
            return;
        }
        let mut starts = self.starts.borrow_mut();
        let start = (job.sealed.clone(), key.to_owned());
        let (Ok(place) | Err(place)) = starts.binary_search_by(|(sealed, _)| sealed.cmp(&job.sealed));
        match starts.get_mut(place) {
            Some(known) if known.0 == start.0 => *known = start,
            _ => starts.insert(place, start),
        }
    }

    /// Takes files that a start of this page created twice out of the bucket's list, and removes them. A browser
    /// silently repeats a start whose answer a reused connection lost; only the second answer reaches the page.
    pub fn clear_strays(self: &Rc<Self>, files: &mut Vec<FileInfo>) {
        let starts = self.starts.borrow();
        let is_stray = |info: &FileInfo| {
            let (Some(name), Some(key), false) = (&info.file_name, &info.file_key, info.completed) else {
                return false;
            };
            let found = starts.binary_search_by(|(sealed, _)| sealed.cmp(name)).ok();
            found.and_then(|place| starts.get(place)).is_some_and(|(_, own)| own != key)
        };
        for key in files.extract_if(.., |info| is_stray(info)).filter_map(|info| info.file_key) {
            let driver = Rc::clone(self);
            spawn_local(async move {
                // What cannot be removed now is taken out of the next list.
                let _ = driver.api.call(&Request::remove(&key), &driver.closed).await;
            });
        }
    }

    /// Removes what a page that died in its start left in the bucket. What cannot be removed now ends with the session.
    pub(super) async fn clear_start(&self, sealed: &str, signal: &AbortSignal) {
        let Ok(answer) = self.api.call(&Request::list(), signal).await else { return };
        let listed_so = |info: &FileInfo| !info.completed && info.file_name.as_deref() == Some(sealed);
        let left = FileList::new(&answer).filter_map(|info| info.ok().filter(listed_so)?.file_key);
        for key in left.collect::<Vec<_>>() {
            let _ = self.api.call(&Request::remove(&key), signal).await;
        }
    }
}
