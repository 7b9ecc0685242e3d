//! The dice of a schedule: everything that is random in it comes from here, so a seed replays it.

use partway::engine::Random;

#[derive(Clone)]
pub struct Chance(Random);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    pub fn bits(&mut self) -> u64 {
        self.0.next()
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.0.up_to(most - least)
    }

    /// True in `percent` of a hundred throws.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.0.up_to(99) < percent
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.0.up_to(choices.len() as u64 - 1) as usize]
    }
}
