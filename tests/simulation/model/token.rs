//! The page's token function.

use crate::chance::Chance;
use partway::engine::Given;
use partway::protocol::{Code, Failure};

pub struct Tokens {
    /// Whether there is a function, or one token for good.
    pub function: bool,
    /// Answers that are no good token, in percent.
    fails: u64,
    slow: bool,
}

/// What the function does when it is called.
#[derive(Clone, Debug)]
pub struct Called {
    pub given: Given,
    /// Whether a token it gives is one that the service takes.
    pub good: bool,
    pub after: u64,
}

impl Tokens {
    pub fn new(chance: &mut Chance) -> Self {
        Self { function: chance.percent(80), fails: chance.one_of(&[0, 0, 10, 50]), slow: chance.percent(10) }
    }

    pub fn calm(&mut self) {
        (self.fails, self.slow) = (0, false);
    }

    pub fn call(&self, chance: &mut Chance) -> Called {
        let after = if self.slow { chance.between(0, 20_000) } else { chance.one_of(&[0, 5, 100, 800]) };
        let (given, good) = if chance.percent(self.fails) {
            match chance.between(0, 9) {
                0..=2 => (Given::Threw, false),
                3..=5 => (Given::Nothing(Failure::new(Code::InvalidOption, "no token")), false),
                6 => (Given::Invalid(Failure::new(Code::InvalidOption, "no such token")), false),
                _ => (Given::Token, false),
            }
        } else {
            (Given::Token, true)
        };
        Called { given, good, after }
    }
}
