//! Who is told of uploads and calls. Called without any borrow held, never from inside a call of the driver.

use crate::engine::{Answer, View};
use crate::protocol::Failure;
use std::rc::Rc;

/// Follows an upload.
pub trait UploadObserver {
    /// Something changed.
    fn changed(&self, view: View);
    /// It is aborted for good, though something is left to do for it.
    fn stands(&self);
    /// Nothing more will be done for it.
    fn settled(&self);
}

/// Waits for a call's answer.
pub trait CallObserver {
    /// A download is so far: bytes that came, and bytes of the file.
    fn progress(&self, received: u64, size: u64);
    /// The call is answered.
    fn answer(self: Rc<Self>, answer: Result<Answer, Failure>);
}
