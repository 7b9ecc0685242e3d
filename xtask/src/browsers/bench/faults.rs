//! What the servers of the race do worse than throwing bytes away.
use serde_json::{Value, json};

/// The faults of one race. The default has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Milliseconds that every answer comes late.
    pub late: u64,
    /// Of so many requests one is read and refused with 503; 0: none.
    pub fail_every: u64,
    /// When all connections are cut.
    pub outage: Option<Outage>,
}

/// All connections are cut, and new ones too.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// Once so many bytes have come.
    pub after: u64,
    /// For so long, in milliseconds.
    pub millis: u64,
}

impl Faults {
    /// Which of `fail_every` requests is refused: an early one, so that short races meet one too.
    pub const WHICH: u64 = 7;

    /// What the tus server is told.
    #[must_use]
    pub fn json(&self) -> Value {
        let outage = self.outage.map(|outage| json!({ "after": outage.after, "millis": outage.millis }));
        json!({ "late": self.late, "failEvery": self.fail_every, "outage": outage })
    }
}
