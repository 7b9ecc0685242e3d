//! What an action or an answer is about, for the trace.

use super::tab::{Kind, TabBook};
use super::wanted::Wanted;
use crate::trace::Subject;
use partway::engine::{Action, Identity, OpId};

impl TabBook {
    fn file(&self, tab: usize, identity: &Identity) -> Subject {
        Subject { upload: self.owner(identity), identity: Some(identity.clone()), ..Subject::tab(tab) }
    }

    /// What the operation `op`, which is not answered yet, is about.
    pub fn subject_of(&self, tab: usize, op: OpId) -> Subject {
        if let Some(flight) = self.flights.get(&op) {
            return Subject { upload: flight.upload, call: flight.call, ..Subject::tab(tab) };
        }
        match self.ops.get(&op).map(|pending| &pending.kind) {
            Some(
                Kind::Sample(id) | Kind::Peek(id) | Kind::Store(id, _) | Kind::StorePart(id, ..) | Kind::Digest(id, _),
            ) => Subject::upload(tab, *id),
            Some(Kind::Lock(identity, _) | Kind::Load(identity) | Kind::Purge(identity)) => self.file(tab, identity),
            _ => Subject::tab(tab),
        }
    }

    pub fn subject(&self, tab: usize, action: &Action) -> Subject {
        match action {
            Action::Send { request, part, .. } => match part {
                Some(part) => Subject::upload(tab, part.upload),
                None => {
                    let upload = match Wanted::of(request) {
                        Wanted::Start { name, .. } => {
                            self.uploads.iter().find(|(_, upload)| upload.name == name).map(|(id, _)| *id)
                        }
                        other => self.upload_of(other.key()),
                    };
                    Subject { upload, ..Subject::tab(tab) }
                }
            },
            Action::Cancel { op } => self.subject_of(tab, *op),
            Action::Sample { upload, .. }
            | Action::Peek { upload, .. }
            | Action::Store { upload, .. }
            | Action::StorePart { upload, .. }
            | Action::Digest { upload, .. }
            | Action::Show { upload, .. }
            | Action::Settle { upload } => Subject::upload(tab, *upload),
            Action::Lock { identity, .. }
            | Action::Unlock { identity }
            | Action::Post { identity, .. }
            | Action::Load { identity, .. }
            | Action::Move { identity, .. }
            | Action::Purge { identity, .. } => self.file(tab, identity),
            Action::CallProgress { call, .. } | Action::Reply { call, .. } => Subject::call(tab, *call),
            _ => Subject::tab(tab),
        }
    }
}
