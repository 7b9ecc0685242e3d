//! What is going to happen, in virtual time.

use crate::download::Arriving;
use crate::model::files::Change;
use crate::model::store::Operation;
use crate::person::Act;
use partway::engine::{Ask, Event, Gathered, Given, Identity, OpId};
use partway::resume::PeerMessage;

/// What is going to happen.
#[derive(Debug)]
pub enum Happening {
    /// An engine is told, if what it is told of is still open.
    Tell(usize, Event),
    Drain(usize),
    /// A request reaches the service.
    Arrive(usize, OpId),
    Trickle(usize, OpId, u64),
    /// Bytes of a download come; all that its answer has came.
    Comes(usize, OpId, Arriving),
    Came(usize, OpId, Gathered),
    /// Requests of dead tabs reach it, at the latest.
    Ghosts,
    Token(usize, OpId, Given, bool),
    AskLock(usize, OpId, Identity, Ask),
    QueryLocks(usize, OpId),
    Peer(usize, Identity, PeerMessage),
    Commit(usize, OpId, Operation),
    StoreFails(usize, OpId, Operation),
    /// The person does something in a tab.
    Person(usize, Act),
    Die(usize),
    /// The browser stops a tab's page for so long, in milliseconds.
    Freeze(usize, u64),
    /// Another tab opens, whose person picks files again.
    Open,
    /// The network goes or comes: truly, or only as the browser sees it.
    Network {
        there: bool,
        truly: bool,
        told: bool,
    },
    Expire,
    Restart {
        loses: bool,
    },
    Refuse(crate::model::service::Refusing),
    Change(usize, Change),
}

impl Happening {
    /// The tab whose page has to run for it.
    pub fn page(&self) -> Option<usize> {
        match self {
            Self::Tell(tab, _)
            | Self::Drain(tab)
            | Self::Trickle(tab, ..)
            | Self::Comes(tab, ..)
            | Self::Came(tab, ..)
            | Self::Token(tab, ..)
            | Self::QueryLocks(tab, _)
            | Self::Peer(tab, ..)
            | Self::StoreFails(tab, ..)
            | Self::Person(tab, _) => Some(*tab),
            _ => None,
        }
    }

    /// Whether it follows from what happened before, and no person, chance or fault brings it about.
    pub fn is_inevitable(&self) -> bool {
        match self {
            Self::Person(_, act) => matches!(act, Act::Pick(_) | Act::Call(_) | Act::Resume),
            Self::Die(_)
            | Self::Freeze(..)
            | Self::Network { .. }
            | Self::Expire
            | Self::Restart { .. }
            | Self::Refuse(_)
            | Self::Change(..) => false,
            _ => true,
        }
    }
}
