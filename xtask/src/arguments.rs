//! The command line of `cargo xtask`, which both programs read.
use clap::{Args, CommandFactory as _, Parser, Subcommand, error::ErrorKind};

use crate::selection::Selection;

/// What `cargo xtask` was told. The comments of the commands are the texts of `--help`.
#[derive(Clone, Debug, Parser)]
#[command(
    bin_name = "cargo xtask",
    about = "Partway's own commands",
    arg_required_else_help = true,
    override_usage = "cargo xtask <build|check|demo|test|bench|simulate|survives|screenshot> [OPTIONS]"
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// A command of `cargo xtask`.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Write pkg/: the wasm, its glue, the entry modules, the types
    Build,
    /// Check formatting, clippy, the rules of the source and the library's native tests, in about a minute
    Check,
    /// Build, start the gateway on loopback, print the address of the demo page
    Demo {
        /// Port to listen on; 0 takes a free one
        #[arg(long, value_name = "N", default_value_t = 8787)]
        port: u16,
    },
    /// Run everything in its short variants, or what is chosen: formatting, clippy, native tests, three browsers
    #[command(override_usage = "cargo xtask test [--only STEP]... [--browser NAME]... [--fault TEXT] [--test TEXT] \
                                [--full] [--repeat N] [--busy]")]
    Test(Selection),
    /// Race Partway, hand-written loops and the uploaders of others in Chromium, and write docs/bench.*
    #[command(override_usage = "cargo xtask bench [--quick] [--row TEXT] [--who TEXT] [--runs N]")]
    Bench(Race),
    /// Play random schedules of every fault against the engine
    Simulate {
        /// For how long
        #[arg(long, value_name = "N")]
        minutes: u64,
    },
    /// Run all that uploads survive in three browsers, in full, and write the table of README
    Survives,
    /// Save the pictures of the demo: www/*.png, docs/screenshots/
    Screenshot,
}

/// What is raced: without an option everything. The comments of the fields are `--help`.
#[derive(Args, Clone, Debug)]
pub struct Race {
    /// Every row once, small, into target/bench: what is checked is what arrives
    #[arg(long)]
    pub quick: bool,

    /// Only rows whose name holds this; written into target/bench
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub row: String,

    /// Only those whose name holds this; written into target/bench
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub who: String,

    /// How many times everybody races in a row
    #[arg(long, value_name = "N", default_value = "5", value_parser = parse_runs)]
    pub runs: usize,
}

impl Default for Race {
    fn default() -> Self {
        Self { quick: false, row: String::new(), who: String::new(), runs: 5 }
    }
}

fn parse_runs(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|runs| *runs > 0).ok_or_else(|| "a number from 1".to_owned())
}

impl Arguments {
    /// Reads the arguments of this program. What is wrong ends it, with a sentence that says what there is.
    #[must_use]
    pub fn read() -> Self {
        Self::from(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    fn from<T: Into<std::ffi::OsString> + Clone>(arguments: impl IntoIterator<Item = T>) -> Result<Self, clap::Error> {
        let read = Self::try_parse_from(arguments)?;
        if let Command::Test(selection) = &read.command {
            let refuse = |error| Self::command().error(ErrorKind::ArgumentConflict, error);
            selection.validate().map_err(refuse)?;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selection::{Browser, Step};

    fn parse(arguments: &[&str]) -> Result<Selection, String> {
        let all = ["xtask", "test"].iter().chain(arguments);
        match Arguments::from(all).map_err(|error| error.to_string())?.command {
            Command::Test(selection) => Ok(selection),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn without_arguments_everything_is_run_in_its_short_variant() {
        let selection = parse(&[]).unwrap();
        assert_eq!(selection.steps().len(), 16);
        assert_eq!(selection.browsers(), Browser::ALL);
        assert!(!selection.full);
    }

    #[test]
    fn steps_and_browsers_are_chosen_and_keep_their_order() {
        let selection = parse(&["--only", "end-to-end", "--browser", "webkit", "--only", "wasm"]).unwrap();
        assert_eq!(selection.steps(), [Step::Wasm, Step::EndToEnd]);
        assert_eq!(selection.browsers(), [Browser::Webkit]);
    }

    #[test]
    fn a_step_is_long_only_if_it_is_asked_to_be() {
        assert!(!parse(&["--only", "kill"]).unwrap().full);
        assert!(parse(&["--only", "kill", "--full"]).unwrap().full);
    }

    #[test]
    fn what_does_not_exist_is_refused_with_what_does() {
        assert!(parse(&["--only", "nothing"]).unwrap_err().contains("end-to-end"));
        assert!(parse(&["--browser", "lynx"]).unwrap_err().contains("webkit"));
        assert!(parse(&["--only"]).unwrap_err().contains("end-to-end"));
        assert!(parse(&["--repeat", "0"]).is_err());
    }

    #[test]
    fn a_wrong_command_or_option_is_told_all_that_there_are() {
        let wrong_option = parse(&["--quick", "1"]).unwrap_err();
        let wrong_command = Arguments::from(["xtask", "tset"]).unwrap_err().to_string();
        let program = Arguments::command();
        let test = program.find_subcommand("test").unwrap();
        for option in test.get_arguments().filter_map(|option| option.get_long()) {
            assert!(wrong_option.contains(&format!("[--{option}")), "{option}: {wrong_option}");
        }
        for command in program.get_subcommands() {
            assert!(wrong_command.contains(command.get_name()), "{}: {wrong_command}", command.get_name());
        }
    }

    #[test]
    fn tests_are_chosen_by_their_name() {
        assert_eq!(parse(&["--only", "element", "--test", "focus is kept"]).unwrap().test, "focus is kept");
        assert!(parse(&["--test", "focus is kept"]).unwrap_err().contains("--only"));
        assert!(parse(&["--only", "kill", "--test", "focus"]).unwrap_err().contains("pages"));
        assert!(parse(&["--only", "native", "--busy"]).unwrap_err().contains("in browsers"));
    }

    #[test]
    fn a_race_has_five_runs_unless_told() {
        let race = |arguments: &[&str]| match Arguments::from(["xtask", "bench"].iter().chain(arguments)) {
            Ok(Arguments { command: Command::Bench(race) }) => Some((race.quick, race.row, race.runs)),
            _ => None,
        };
        assert_eq!(race(&[]), Some((false, String::new(), 5)));
        assert_eq!(race(&["--quick", "--row", "512", "--runs", "3"]), Some((true, "512".to_owned(), 3)));
        assert_eq!(race(&["--runs", "0"]), None);
    }

    #[test]
    fn bundlers_are_tried_in_one_browser() {
        assert!(Step::Consumers.runs_in(Browser::Chromium) && !Step::Consumers.runs_in(Browser::Firefox));
        assert!(Step::Kill.runs_in(Browser::Webkit) && !Step::Native.runs_in(Browser::Chromium));
    }

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
