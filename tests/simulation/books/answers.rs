//! What an answer means to the request that got it.

use super::wanted::Wanted;
use partway::engine::Outcome;
use partway::protocol::{Failure, FileList, Rules, file_info, link, part_tag, session_rules, started};

/// A success, read.
#[derive(Debug)]
pub enum Meaning {
    Started {
        key: String,
        upload_id: String,
    },
    Tag(String),
    Completed,
    File {
        size: u64,
    },
    Rules(Rules),
    /// Of any other answer the body.
    Other,
}

/// What an outcome of a request means.
pub fn meaning(wanted: &Wanted, outcome: &Outcome) -> Result<Meaning, Failure> {
    let response = match outcome {
        Outcome::Response(response) => response.clone(),
        Outcome::NoResponse => return Err(Failure::connection()),
        Outcome::Unreadable => return Err(Failure::unreadable()),
        Outcome::Redirected { status } => {
            let mut failure = Failure::protocol("it was redirected");
            failure.status = Some(*status);
            return Err(failure);
        }
        _ => return Err(Failure { status: Some(200), ..Failure::protocol("it is too long") }),
    };
    let received_at = response.received_at;
    let body = response.success()?;
    Ok(match wanted {
        Wanted::Start { .. } => {
            let started = started(&body)?;
            Meaning::Started { key: started.file_key, upload_id: started.upload_id }
        }
        Wanted::Part { number, .. } => Meaning::Tag(part_tag(&body, *number)?),
        Wanted::Complete { .. } if body.trim_ascii().is_empty() => Meaning::Completed,
        Wanted::Complete { .. } => {
            let json = serde_json::from_slice::<serde_json::Value>(&body);
            let json = json.map_err(|_| Failure::protocol("it is not JSON"))?;
            if json.get("error").is_some() {
                return Err(Failure::protocol("it is an error"));
            }
            Meaning::Completed
        }
        Wanted::File(_) => Meaning::File { size: file_info(&body)?.size() },
        Wanted::Link(_) => {
            link(&body).map_err(|_| Failure::protocol("there is no link in it"))?;
            Meaning::Other
        }
        Wanted::Rules => {
            let mut rules = session_rules(&body, received_at, |_| None)?;
            // A session that answers is not over.
            rules.expiry = rules.expiry.filter(|expiry| *expiry > received_at);
            Meaning::Rules(rules)
        }
        Wanted::List => {
            FileList::new(&body).try_for_each(|file| file.map(drop))?;
            Meaning::Other
        }
        Wanted::Remove(_) => Meaning::Other,
    })
}
