//! The uploads that the engine knows.

use crate::engine::UploadId;
use crate::engine::upload::Upload;

/// Uploads by number. Numbers only grow, so a list is in their order; a tree would cost the shipped wasm kilobytes.
/// They are boxed, as the list moves when one of many is removed.
#[derive(Debug, Default)]
pub(super) struct Uploads(Vec<(UploadId, Box<Upload>)>);

impl Uploads {
    fn place(&self, id: UploadId) -> Option<usize> {
        self.0.binary_search_by_key(&id, |(number, _)| *number).ok()
    }

    /// Adds an upload whose number is greater than those before.
    pub fn push(&mut self, upload: Upload) {
        self.0.push((upload.id, Box::new(upload)));
    }

    pub fn get(&self, id: UploadId) -> Option<&Upload> {
        self.0.get(self.place(id)?).map(|(_, upload)| upload.as_ref())
    }

    pub fn get_mut(&mut self, id: UploadId) -> Option<&mut Upload> {
        let place = self.place(id)?;
        self.0.get_mut(place).map(|(_, upload)| upload.as_mut())
    }

    pub fn remove(&mut self, id: UploadId) {
        if let Some(place) = self.place(id) {
            self.0.remove(place);
        }
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Upload> {
        self.0.iter_mut().map(|(_, upload)| upload.as_mut())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
