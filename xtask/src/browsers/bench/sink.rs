//! The server of the race: reads files and throws them away, and keeps books of what came. It speaks the Upload API,
//! the part of S3 that uploads, and ranges; each race has a place of its own, `/run/N/{v1,s3,put}`.
use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result};
use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, StatusCode, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

use super::{answers, books::Books, faults::Faults};
use crate::workspace::Workspace;

/// An answer of the server.
pub type Answer = Response<Full<Bytes>>;

/// The running server; stopped when dropped.
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
    _runtime: Runtime,
}

/// One race.
#[derive(Debug, Default)]
pub struct Run {
    faults: Faults,
    requests: AtomicU64,
    bytes: AtomicU64,
    /// When its outage began.
    down: Mutex<Option<Instant>>,
    had_outage: AtomicBool,
    books: Mutex<Books>,
    /// What `GET /buckets` gives, if it is not the files.
    pub list: Mutex<Option<Bytes>>,
}

struct State {
    pages: [(&'static str, PathBuf); 3],
    runs: Mutex<HashMap<String, Arc<Run>>>,
}

impl Sink {
    /// Starts it on a free loopback port. `built` holds the bundles of those who race.
    ///
    /// # Errors
    /// There is no free port.
    pub fn start(workspace: &Workspace, built: PathBuf) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.context("cannot start the runtime of the race's server")?;
        let listener =
            runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).context("no free loopback port")?;
        let address = listener.local_addr()?;
        let pages = [("bench/", workspace.path("tests/bench")), ("built/", built), ("pkg/", workspace.path("pkg"))];
        let state = Arc::new(State { pages, runs: Mutex::default() });
        runtime.spawn(accept(listener, state.clone()));
        Ok(Self { address, state, _runtime: runtime })
    }

    /// Opens a race's place.
    pub fn open(&self, run: &str, faults: Faults) {
        let opened = Run { faults, ..Run::default() };
        lock(&self.state.runs).insert(run.to_owned(), Arc::new(opened));
    }

    /// Closes a race's place; gives its books.
    #[must_use]
    pub fn close(&self, run: &str) -> Books {
        let Some(run) = lock(&self.state.runs).remove(run) else { return Books::default() };
        Books { bytes: run.bytes.load(Ordering::Relaxed), ..run.books().clone() }
    }

    /// Bytes that came in a race so far.
    #[must_use]
    pub fn bytes(&self, run: &str) -> u64 {
        lock(&self.state.runs).get(run).map_or(0, |run| run.bytes.load(Ordering::Relaxed))
    }
}

/// Nothing that panics holds a lock here.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Run {
    /// Its books.
    pub fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }

    /// Whether connections are cut now.
    fn is_down(&self) -> bool {
        let Some(outage) = self.faults.outage else { return false };
        if !self.had_outage.load(Ordering::Relaxed) && self.bytes.load(Ordering::Relaxed) >= outage.after {
            self.had_outage.store(true, Ordering::Relaxed);
            *lock(&self.down) = Some(Instant::now());
        }
        lock(&self.down).is_some_and(|began| began.elapsed() < Duration::from_millis(outage.millis))
    }

    /// Reads a body to its end. What belongs to a file is counted and thrown away, anything else is kept.
    async fn read(&self, body: &mut Incoming, is_file: bool) -> io::Result<(u64, Vec<u8>)> {
        let (mut length, mut kept) = (0, Vec::new());
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(io::Error::other)?;
            let Some(data) = frame.data_ref() else { continue };
            length += data.len() as u64;
            if is_file {
                self.bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
            } else {
                kept.extend_from_slice(data);
            }
            if self.is_down() {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
        Ok((length, kept))
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(serve(stream, state.clone()));
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    // Without it an answer may wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, state.clone()));
    // A client may go, and an outage ends a connection by an error.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(mut request: Request<Incoming>, state: Arc<State>) -> io::Result<Answer> {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let Some(place) = path.strip_prefix("run/") else { return Ok(page(&state, &path)) };
    let (run, path) = place.split_once('/').unwrap_or((place, ""));
    let Some(run) = lock(&state.runs).get(run).cloned() else { return Ok(answers::status(StatusCode::NOT_FOUND)) };
    if run.is_down() {
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    let number = run.requests.fetch_add(1, Ordering::Relaxed) + 1;
    let is_file = request.method() == hyper::Method::PUT && path != "v1/list";
    let (length, body) = run.read(request.body_mut(), is_file).await?;
    if is_file {
        run.books().last = Some(SystemTime::now());
    }
    if run.faults.late > 0 {
        tokio::time::sleep(Duration::from_millis(run.faults.late)).await;
    }
    if run.faults.fail_every > 0 && number % run.faults.fail_every == Faults::WHICH {
        return Ok(answers::status(StatusCode::SERVICE_UNAVAILABLE));
    }
    let (head, _) = request.into_parts();
    let answered = answers::answer(&run, &head, path, length, &body);
    Ok(answered.unwrap_or_else(|| answers::status(StatusCode::BAD_REQUEST)))
}

/// A file of the page's.
fn page(state: &State, path: &str) -> Answer {
    let path = if path.is_empty() { "bench/index.html" } else { path };
    let file = state.pages.iter().find_map(|(prefix, folder)| Some(folder.join(path.strip_prefix(prefix)?)));
    let read = file.filter(|_| !path.contains("..")).and_then(|file| std::fs::read(file).ok());
    let kind = match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html",
        Some("js") => "text/javascript",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    };
    let answer = read.map(|bytes| answers::with(header::CONTENT_TYPE, kind, bytes));
    answer.unwrap_or_else(|| answers::status(StatusCode::NOT_FOUND))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browsers::bench::faults::Outage;
    use std::io::Read as _;
    use ureq::Agent;

    const BYTES: u64 = 200 << 20;

    fn sink(faults: Faults) -> (Sink, Agent, String) {
        let sink = Sink::start(&Workspace::find().unwrap(), PathBuf::new()).unwrap();
        sink.open("1", faults);
        let place = format!("http://{}/run/1", sink.address);
        (sink, Agent::config_builder().http_status_as_error(false).build().into(), place)
    }

    fn send(agent: &Agent, method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = agent.run(request.body(body).unwrap()).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }

    #[test]
    fn a_file_is_begun_sent_and_completed_by_the_upload_api() {
        let (sink, agent, place) = sink(Faults::default());
        let begin = br#"{"totalParts":2,"encryptedName":"n","originalSizeInBytes":5}"#;
        let (status, answer) = send(&agent, "POST", &format!("{place}/v1/buckets"), &[], begin);
        assert_eq!((status, answer.as_str()), (200, r#"{"fileKey":"key-1","uploadId":"upload-of-key-1"}"#));
        let complete = |tags: &str| format!(r#"{{"key":"key-1","tags":{tags}}}"#).into_bytes();
        let path = format!("{place}/v1/buckets/complete");
        assert_eq!(send(&agent, "POST", &path, &[], &complete(r#"["tag-1"]"#)).0, 400);
        for (number, body) in [("1", b"abc".as_slice()), ("2", b"de")] {
            let headers = [("partNumber", number), ("key", "key-1"), ("uploadId", "upload-of-key-1")];
            assert_eq!(send(&agent, "PUT", &format!("{place}/v1/buckets"), &headers, body).0, 200);
        }
        assert_eq!(send(&agent, "POST", &path, &[], &complete(r#"["tag-2","tag-1"]"#)).0, 400);
        assert_eq!(send(&agent, "POST", &path, &[], &complete(r#"["tag-1","tag-2"]"#)).0, 200);
        sink.close("1").check(1, 5, false).unwrap();
    }

    #[test]
    fn s3_and_ranges_are_understood() {
        let (sink, agent, place) = sink(Faults::default());
        assert!(
            send(&agent, "POST", &format!("{place}/s3/bucket/a?uploads="), &[], b"").1.contains("<UploadId>upload<")
        );
        for number in [1, 2] {
            let path = format!("{place}/s3/bucket/a?partNumber={number}&uploadId=upload");
            assert_eq!(send(&agent, "PUT", &path, &[], b"abc").0, 200);
        }
        let list = b"<Part><PartNumber>1</PartNumber></Part><Part><PartNumber>2</PartNumber></Part>";
        assert_eq!(send(&agent, "POST", &format!("{place}/s3/bucket/a?uploadId=upload"), &[], list).0, 200);
        for range in ["bytes 0-2/6", "bytes 3-5/6"] {
            assert_eq!(send(&agent, "PUT", &format!("{place}/put/b"), &[("Content-Range", range)], b"abc").0, 200);
        }
        sink.close("1").check(2, 6, false).unwrap();
    }

    #[test]
    fn faults_are_done_and_what_came_is_counted() {
        let (sink, agent, place) = sink(Faults { fail_every: 10, ..Faults::default() });
        let put = |agent: &Agent| send(agent, "PUT", &format!("{place}/s3/bucket/a"), &[], b"abc").0;
        let statuses: Vec<u16> = (0..10).map(|_| put(&agent)).collect();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 503, 200, 200, 200]);
        assert_eq!(sink.bytes("1"), 30);
        sink.open("1", Faults { outage: Some(Outage { after: 3, millis: 60_000 }), ..Faults::default() });
        let cut = agent.put(format!("{place}/s3/bucket/a")).send(b"abc".as_slice());
        assert!(cut.is_err());
    }

    #[test]
    fn a_large_body_is_counted_to_its_last_byte() {
        let (sink, agent, place) = sink(Faults::default());
        let start = Instant::now();
        let body = std::io::repeat(7).take(BYTES);
        agent.put(format!("{place}/s3/bucket/a")).send(ureq::SendBody::from_owned_reader(body)).unwrap();
        println!("{:.0} MB/s", BYTES as f64 / 1e6 / start.elapsed().as_secs_f64());
        let file = sink.close("1").files.get("a").cloned().unwrap_or_default();
        assert_eq!((file.sum(), file.completed), (BYTES, true));
    }
}
