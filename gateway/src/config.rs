//! Every flag of the gateway: addresses, folders, limits, deadlines.

// The comments of the fields are the texts of `--help`, which has no use for angle brackets.
#![allow(rustdoc::bare_urls, rustdoc::invalid_html_tags)]

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use bytesize::ByteSize;
use clap::Parser;

use crate::Secret;

/// What a time of a flag is at least.
const SHORTEST: Duration = Duration::from_millis(1);
/// What a time of a flag is less than.
const LONGEST: Duration = Duration::from_millis(1 << 50);

/// What the gateway is told when it starts. Sizes are in bytes, times in the unit written with them.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "partway-gateway",
    version,
    args_override_self = true,
    about = "A server of the session-storage Upload API",
    max_term_width = 110
)]
#[command(
    after_help = "Sizes: 1048576, 64KiB, 5MiB, 2GiB, 5MB (of 10^6). Times: 30s, 500ms, 15m, 1h 30m, 7d; a bare number is seconds.\n\
    When it accepts connections it prints one line on stdout: listening on http://ADDRESS. All else goes to stderr."
)]
pub struct Config {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787")]
    pub listen: SocketAddr,

    /// Folder for the database and the parts [default: a fresh temporary folder, removed at the end, or
    /// at the next start where that did not come to pass]. Only its owner can read what is in it
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Folder of web pages to serve at /
    #[arg(long, value_name = "DIR")]
    pub www: Option<PathBuf>,

    /// Folder of the browser package to serve at /pkg/
    #[arg(long, value_name = "DIR")]
    pub pkg: Option<PathBuf>,

    /// Origin whose pages may call the API, such as https://app.example; repeatable [default: any loopback origin].
    /// The gateway's own origin always may
    #[arg(long = "allow-origin", value_name = "ORIGIN", value_parser = origin)]
    pub allow_origins: Vec<String>,

    /// Origin whose pages may set faults, if they know the word; repeatable. The gateway's own origin always may
    #[cfg(feature = "faults")]
    #[arg(long = "fault-origin", value_name = "ORIGIN", value_parser = origin)]
    pub fault_origins: Vec<String>,

    /// The gateway's address as browsers see it, for download links [default: http:// and the request's Host]
    #[arg(long, value_name = "URL", value_parser = public_url)]
    pub public_url: Option<PublicUrl>,

    /// Least size of every part but a file's last, checked at completion
    #[arg(long, value_name = "SIZE", default_value = "5MiB", value_parser = size)]
    pub min_part_size: u64,

    /// Greatest size of a part
    #[arg(long, value_name = "SIZE", default_value = "5GiB", value_parser = size)]
    pub max_part_size: u64,

    /// Most files a session can allow itself (rule maxFiles), and what it gets when it names no number
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    pub max_files: u64,

    /// Most megabytes of 10^6 bytes a session can allow itself (rule maxTotalMegaBytes), and what it gets by default
    #[arg(long, value_name = "MB", default_value_t = 1_000_000)]
    pub max_total_megabytes: u64,

    /// Most members a session can allow itself (rule userCapacity), and what it gets by default
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub max_users: u64,

    /// Longest life a session can ask for (rule expiryDurationInSeconds)
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = time)]
    pub max_expiry: Duration,

    /// Life of a session that asks for none
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = time)]
    pub default_expiry: Duration,

    /// Most sessions at a time
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    pub max_sessions: u64,

    /// Life of a signed download link
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = time)]
    pub link_life: Duration,

    /// Most connections at a time; more wait their turn
    #[arg(long, value_name = "COUNT", default_value_t = 1024)]
    pub max_connections: usize,

    /// Most connections of one address at a time, and never more than three quarters of all; more wait their turn
    #[arg(long, value_name = "COUNT", default_value_t = 256)]
    pub max_connections_per_address: usize,

    /// Time a connection has to send a request's whole head, from its first moment or the end of the answer before;
    /// and the whole body, where that opens or joins a session
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub header_timeout: Duration,

    /// Time within which some byte of a body must move, either way; also the window over which --min-rate is measured
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    pub body_timeout: Duration,

    /// Least bytes a second of a body, either way, while the gateway waits for the client
    #[arg(long, value_name = "SIZE", default_value = "1KiB", value_parser = size)]
    pub min_rate: u64,

    /// Most bytes read and thrown away from a refused request, so that browsers see the refusal and no network error;
    /// of one without a good token for some seconds only
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = size)]
    pub drain_limit: u64,

    /// Time between two sweeps of expired sessions and stale temporary files
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    pub sweep_interval: Duration,

    /// Time that requests under way are given at the end (ctrl-c, SIGTERM)
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub stop_timeout: Duration,

    /// Free space of the data folder's file system that is kept: below it nothing more is stored (507), and removing
    /// still works [default: 64MiB, at most a tenth of the file system]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub min_free: Option<u64>,

    /// Most bytes that all sessions store together, what is on its way included; above it parts are refused (507)
    /// [default: what the disk has]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_stored: Option<u64>,

    /// Most bytes of the list of a session's files: one whose name would make it longer is refused
    #[arg(long, value_name = "SIZE", default_value = "32MiB", value_parser = size)]
    pub max_list: u64,

    /// Key that opening a session takes, in the header X-API-KEY. Whoever sees this machine's processes sees flags: the
    /// environment variable is the better place
    #[arg(long, value_name = "KEY", env = "PARTWAY_SESSION_KEY", hide_env_values = true)]
    pub session_key: Option<Secret>,

    /// Most sessions that one address (of IPv6: one network of 64 bits) opens within an hour
    /// [default: 100, and any number from 127.0.0.1 and ::1]
    #[arg(long, value_name = "COUNT")]
    pub sessions_per_hour: Option<u32>,
}

impl Config {
    /// Reads `flags`, given without a program name.
    ///
    /// # Errors
    /// What clap says of a flag it does not know or cannot read.
    pub fn from_flags<T: Into<OsString>>(flags: impl IntoIterator<Item = T>) -> Result<Self, clap::Error> {
        let name = std::iter::once(OsString::from("partway-gateway"));
        Self::try_parse_from(name.chain(flags.into_iter().map(Into::into)))
    }
}

/// The address under which browsers reach the gateway, without a slash at its end.
#[derive(Clone, Debug)]
pub struct PublicUrl {
    /// Such as `https://files.example/storage`.
    pub base: String,
    /// Such as `https://files.example`.
    pub origin: String,
    /// Such as `files.example`.
    pub host: String,
}

fn public_url(text: &str) -> Result<PublicUrl, String> {
    let uri: Uri = text.parse().map_err(|_| "not a URL".to_owned())?;
    match (uri.scheme_str(), uri.authority(), uri.query()) {
        (Some(scheme @ ("http" | "https")), Some(authority), None) if !authority.as_str().contains('@') => {
            Ok(PublicUrl {
                base: text.trim_end_matches('/').to_owned(),
                origin: format!("{scheme}://{authority}").to_ascii_lowercase(),
                host: authority.host().to_ascii_lowercase(),
            })
        }
        _ => Err("it must be http or https, with a host and without a query".to_owned()),
    }
}

fn origin(text: &str) -> Result<String, String> {
    let url = public_url(text)?;
    if url.base.eq_ignore_ascii_case(&url.origin) {
        Ok(url.origin)
    } else {
        Err("an origin is a scheme, a host and perhaps a port, nothing more".to_owned())
    }
}

fn size(text: &str) -> Result<u64, String> {
    match text.parse() {
        // What is too large is read as the greatest number there is.
        Ok(ByteSize(size)) if size < u64::MAX => Ok(size),
        _ => Err("it must be a size such as 1048576, 64KiB or 1.5GiB, from 0 to less than 16EiB".to_owned()),
    }
}

/// A bare number is seconds.
fn time(text: &str) -> Result<Duration, String> {
    let time = text.parse().map(Duration::from_secs).or_else(|_| humantime::parse_duration(text));
    time.ok()
        .filter(|time| (SHORTEST..LONGEST).contains(time))
        .ok_or_else(|| "it must be a time such as 30s, 500ms or 1h 30m, from 1 ms to less than 2^50 ms".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_flags_are_consistent_and_explained() {
        let command = Config::command();
        command.clone().debug_assert();
        for flag in command.get_arguments() {
            assert!(flag.get_help().is_some(), "{} has no explanation", flag.get_id());
        }
    }

    #[test]
    fn values_are_read_strictly() {
        let sizes =
            [("5MiB", 5 << 20), ("12", 12), ("0", 0), ("3TiB", 3 << 40), ("1.5GiB", 3 << 29), ("5MB", 5_000_000)];
        for (text, bytes) in sizes {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for (text, millis) in
            [("500ms", 500), ("30", 30_000), ("15m", 900_000), ("7d", 604_800_000), ("1h 1s", 3_601_000)]
        {
            assert_eq!(time(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for wrong in ["", "MiB", "5 MoB", "-1", "1.5.5GiB", "99999999999TiB", "16EiB"] {
            assert!(size(wrong).unwrap_err().contains("less than 16EiB"), "{wrong}");
        }
        for wrong in ["", "0", "0s", "999us", "5 parsecs", "-1s", "40000y", "99999999999999999999"] {
            assert!(time(wrong).unwrap_err().contains("from 1 ms to less than 2^50 ms"), "{wrong}");
        }
        assert_eq!(origin("https://App.example:444/"), Ok("https://app.example:444".to_owned()));
        for wrong in ["*", "null", "app.example", "https://a/b", "ftp://a", "https://u@a", "https://a?b"] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
