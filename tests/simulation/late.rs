//! Requests reach the service: in time, or after nobody waits for them any more.

use crate::books::wanted::Wanted;
use crate::happening::Happening;
use crate::model::fault::Fate;
use crate::model::network::Sent;
use crate::trace::Subject;
use crate::world::World;
use partway::engine::{Event, OpId};
use partway::protocol::Method;

impl World {
    pub fn arrive(&mut self, tab: usize, op: OpId) {
        let Some(sent) = self.wire.remove(&(tab, op)) else { return };
        let is_start = sent.request.method == Method::Post && sent.request.path == "/buckets";
        if !self.tabs[tab].open.contains(&op) {
            // The driver let go of it; it may be under way all the same.
            let unique_tag = sent.is_part && !self.model.service.tags_by_content;
            if self.chance.percent(70) || unique_tag || sent.fate == Fate::Trickles {
                return;
            }
            self.counts.add("fault: a cancelled request acts late");
            if is_start {
                if self.is_over(tab, &sent) {
                    return;
                }
                let lists = self.chance.one_of(&[0, 1]);
                self.late_starts.push((tab, sent, lists));
                return self.after(0, 5000, Happening::Ghosts);
            }
            if sent.request.method == Method::Delete {
                // It may take what another tab has completed by then.
                self.books.called_off.extend(Wanted::of(&sent.request).key().map(str::to_owned));
            }
            self.model.arrive(&sent, self.now);
            return;
        }
        if sent.request.path == "/buckets" && sent.request.method == Method::Get {
            self.ghosts_arrive_before_list(tab);
        } else if sent.request.path == "/buckets/complete" {
            self.late_starts_arrive(|(of, ..)| *of == tab);
        }
        let Some(outcome) = self.model.arrive(&sent, self.now) else { return };
        self.note_lie(&sent);
        self.after(0, 20, Happening::Tell(tab, Event::Ended { op, outcome }));
    }

    /// Somebody on the way says that a file is gone, or that it was removed, and it is there.
    fn note_lie(&mut self, sent: &Sent) {
        let may_lie = match sent.fate {
            Fate::Status(404, ..) => true,
            Fate::Garbled(_) => sent.request.method == Method::Delete,
            _ => false,
        };
        if may_lie
            && let Some(key) = Wanted::of(&sent.request).key()
            && self.model.service.files.contains_key(key)
        {
            let service = &mut self.model.service;
            service.names_untold.extend(service.files.get(key).map(|held| held.name.clone()));
            service.denied.insert(key.to_owned());
        }
    }

    pub fn ghosts_arrive(&mut self) {
        for sent in std::mem::take(&mut self.ghosts) {
            self.note(Subject::default(), || format!("a request nobody waits for arrives: {:?}", sent.request));
            self.model.arrive(&sent, self.now);
        }
    }

    /// Whatever was sent before a list reaches the service before it does, but for some starts of the same tab.
    fn ghosts_arrive_before_list(&mut self, tab: usize) {
        self.ghosts_arrive();
        self.let_go_of_starts(tab);
        let aborted: Vec<String> = {
            let uploads = self.books.tabs[tab].uploads.values();
            uploads.filter(|upload| upload.aborted.is_some()).map(|upload| upload.name.clone()).collect()
        };
        self.late_starts_arrive(|(of, sent, lists)| {
            let body = format!("{:?}", sent.request.body);
            *of != tab || *lists == 0 || aborted.iter().any(|name| body.contains(&format!("\\\"{name}\\\"")))
        });
        for (_, _, lists) in &mut self.late_starts {
            *lists -= 1;
        }
    }

    /// Starts on their way that a tab gave up may arrive late, and some after the next list.
    fn let_go_of_starts(&mut self, tab: usize) {
        let open = &self.tabs[tab].open;
        let is_start = |sent: &Sent| sent.request.method == Method::Post && sent.request.path == "/buckets";
        let given_up = self.wire.iter().filter(|((of, op), sent)| *of == tab && !open.contains(op) && is_start(sent));
        let given_up: Vec<(usize, OpId)> = given_up.map(|(key, _)| *key).collect();
        for key in given_up {
            let sent = self.wire.remove(&key).expect("it is on its way");
            if self.chance.percent(30) {
                let lists = self.chance.one_of(&[0, 1]);
                self.late_starts.push((tab, sent, lists));
            }
        }
    }

    /// Whether the upload that a start is of has settled, or is being completed: nothing comes later than that. A tab
    /// that died takes with it what it began twice.
    pub fn is_over(&self, tab: usize, sent: &Sent) -> bool {
        let Wanted::Start { name, .. } = Wanted::of(&sent.request) else { return false };
        self.books.tabs[tab].uploads.values().any(|upload| {
            let begun_again = !self.tabs[tab].alive && upload.key.is_some();
            (upload.settled || upload.completing || begun_again) && upload.name == name
        })
    }

    fn late_starts_arrive(&mut self, now: impl Fn(&(usize, Sent, u32)) -> bool) {
        let mut starts = std::mem::take(&mut self.late_starts);
        starts.retain(|(tab, sent, _)| !self.is_over(*tab, sent));
        let (due, later) = starts.into_iter().partition(now);
        self.late_starts = later;
        let due: Vec<(usize, Sent, u32)> = due;
        self.ghosts.extend(due.into_iter().map(|(_, sent, _)| sent));
        self.ghosts_arrive();
    }

    /// Starts of a dead tab that nobody waits for may still arrive.
    pub fn late_starts_die(&mut self, tab: usize) {
        let mut starts = std::mem::take(&mut self.late_starts);
        starts.retain(|(tab, sent, _)| !self.is_over(*tab, sent));
        let (dead, later) = starts.into_iter().partition(|(of, ..)| *of == tab);
        self.late_starts = later;
        let dead: Vec<(usize, Sent, u32)> = dead;
        self.ghosts.extend(dead.into_iter().map(|(_, sent, _)| sent));
    }
}
