//! What every tab of a schedule is opened with.

use crate::chance::Chance;
use crate::model::Model;
use partway::engine::{Backoff, Config, LEAST_PART, Platform, RulesSource, TokenSource};
use std::rc::Rc;

/// What every tab of a schedule is opened with.
pub struct Setup {
    pub config: Config,
    pub unique_names: bool,
}

impl Setup {
    pub fn new(chance: &mut Chance, model: &Model) -> Self {
        Self { config: config(chance, model), unique_names: chance.percent(90) }
    }
}

fn config(chance: &mut Chance, model: &Model) -> Config {
    let attempts = chance.one_of(&[1, 2, 3, 3, 4, 5, 8]);
    let base = chance.one_of(&[0, 1, 100, 500, 500, 3000]);
    Config {
        part_size: chance.one_of(&[Some(LEAST_PART), Some(LEAST_PART), Some(LEAST_PART * 7 + 1), None]),
        parallel: chance.between(1, 6) as usize,
        backoff: Backoff { attempts, base, longest: chance.one_of(&[base, base * 3, 30_000]) },
        stall: chance.one_of(&[1000, 10_000, 30_000]),
        can_report_progress: chance.percent(80),
        resume: chance.percent(80),
        rules: if chance.percent(60) { RulesSource::Fetch } else { RulesSource::Ignore },
        token: if model.tokens.function { TokenSource::Function } else { TokenSource::Fixed },
        online: true,
        platform: Platform {
            parse_date: Rc::new(|_| None),
            trusts_link: Rc::new(|link| link.starts_with("https://files/")),
        },
    }
}
