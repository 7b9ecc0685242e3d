//! A gateway in this process, and clients of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use partway_gateway::config::Config;
use partway_gateway::server::Gateway;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A gateway that runs until it is dropped.
pub struct Server {
    pub url: String,
    pub address: SocketAddr,
    pub client: Client,
    /// What whoever sets faults must know.
    #[cfg(feature = "faults")]
    #[allow(dead_code)]
    pub word: String,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts a gateway with parts of any size allowed and `flags` besides.
pub async fn start(flags: &[&str]) -> Server {
    let flags = ["--listen", "127.0.0.1:0", "--min-part-size", "1"].iter().chain(flags);
    let gateway = Gateway::bind(Config::from_flags(flags).unwrap()).await.unwrap();
    let (url, address) = (gateway.url(), gateway.address());
    #[cfg(feature = "faults")]
    let word = gateway.fault_word();
    let task = tokio::spawn(gateway.run(std::future::pending()));
    Server {
        url,
        address,
        client: client(),
        #[cfg(feature = "faults")]
        word,
        task,
    }
}

/// A client that follows nothing and waits for no one long.
pub fn client() -> Client {
    client_at(Ipv4Addr::LOCALHOST)
}

/// The same, at this address of loopback.
pub fn client_at(address: Ipv4Addr) -> Client {
    Client::builder()
        .local_address(IpAddr::from(address))
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

/// An answer's status and JSON (null where there is none).
pub type Answer = (StatusCode, Value);

/// Reads an answer.
pub async fn read(response: Response) -> Answer {
    let status = response.status();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// Checks that `answer` is a refusal of that status and code, in the documented shape.
#[track_caller]
pub fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.0.as_u16(), answer.1["code"].as_str()), (status, Some(code)), "{answer:?}");
    assert!(answer.1["message"].as_str().unwrap().ends_with('.'), "{answer:?}");
    assert_eq!(answer.1["requestId"].as_str().unwrap().len(), 16, "{answer:?}");
    let again = status == 408 || status == 429 || status >= 500;
    assert_eq!(answer.1["retryable"], json!(again), "{answer:?}");
    assert_eq!(answer.1.as_object().unwrap().len(), 4, "{answer:?}");
}

/// Checks that `answer` is a success and gives its JSON.
#[track_caller]
pub fn fine(answer: Answer) -> Value {
    assert_eq!(answer.0, 200, "{answer:?}");
    answer.1
}

/// A member of a session.
#[derive(Clone)]
pub struct Member {
    pub url: String,
    pub client: Client,
    pub token: String,
    /// What opening or joining answered.
    pub opened: Value,
}

impl Server {
    /// Opens a session with these rules.
    pub async fn session(&self, rules: Value) -> Member {
        let opened = fine(self.post("/v1/session", &json!({ "rules": rules })).await);
        self.member(opened)
    }

    /// A member from what opening or joining answered.
    pub fn member(&self, opened: Value) -> Member {
        Member::new(&self.url, self.client.clone(), opened)
    }

    /// Joins a session.
    pub async fn join(&self, body: &Value) -> Answer {
        self.post("/v1/session/join", body).await
    }

    /// Posts JSON without a token.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        read(self.client.post(format!("{}{path}", self.url)).json(body).send().await.unwrap()).await
    }

    /// Sends `request` as it is, byte for byte, and gives the whole answer as text. It should say `Connection: close`.
    pub async fn raw(&self, request: &str) -> String {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let reading = socket.read_to_end(&mut answer);
        tokio::time::timeout(Duration::from_secs(20), reading).await.expect("no end of the answer").unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Member {
    /// A member of the gateway at `url` from what opening or joining answered.
    pub fn new(url: &str, client: Client, opened: Value) -> Self {
        let token = opened["credentials"]["token"].as_str().unwrap().to_owned();
        Self { url: url.to_owned(), client, token, opened }
    }

    /// The session's ID.
    pub fn session_id(&self) -> &str {
        self.opened["sessionId"].as_str().unwrap()
    }

    /// A request with this member's token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/v1{path}", self.url)).bearer_auth(&self.token)
    }

    /// The answer to a request without a body.
    pub async fn ask(&self, method: Method, path: &str) -> Answer {
        read(self.request(method, path).send().await.unwrap()).await
    }

    /// Starts an upload.
    pub async fn start(&self, parts: u64, size: u64, name: &str) -> Answer {
        let body = json!({ "totalParts": parts, "encryptedName": name, "originalSizeInBytes": size });
        read(self.request(Method::POST, "/buckets").json(&body).send().await.unwrap()).await
    }

    /// Starts an upload that must be allowed.
    pub async fn upload(&self, parts: u64, size: u64) -> Upload {
        let started = fine(self.start(parts, size, "pw1.name").await);
        let text = |field: &str| started[field].as_str().unwrap().to_owned();
        Upload { member: self.clone(), key: text("fileKey"), id: text("uploadId") }
    }

    /// Uploads a whole file of these parts.
    pub async fn file(&self, parts: &[&[u8]]) -> Upload {
        let size = parts.iter().map(|part| part.len() as u64).sum();
        let upload = self.upload(parts.len() as u64, size).await;
        let mut tags = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            tags.push(upload.tag(index as u64 + 1, part).await);
        }
        fine(upload.complete(&tags).await);
        upload
    }

    /// The list of files.
    pub async fn list(&self) -> Vec<Value> {
        fine(self.ask(Method::GET, "/buckets").await).as_array().unwrap().clone()
    }
}

/// An upload under way.
#[derive(Clone)]
pub struct Upload {
    pub member: Member,
    pub key: String,
    pub id: String,
}

impl Upload {
    /// A request that puts a part, without its body.
    pub fn part(&self, number: u64) -> RequestBuilder {
        self.member
            .request(Method::PUT, "/buckets")
            .header("partNumber", number)
            .header("key", &self.key)
            .header("uploadId", &self.id)
    }

    /// Puts a part.
    pub async fn put(&self, number: u64, bytes: &[u8]) -> Answer {
        read(self.part(number).body(bytes.to_vec()).send().await.unwrap()).await
    }

    /// Puts a part that must be taken, and gives its tag.
    pub async fn tag(&self, number: u64, bytes: &[u8]) -> String {
        let stored = fine(self.put(number, bytes).await);
        assert_eq!(stored["partNumber"], json!(number));
        stored["tag"].as_str().unwrap().to_owned()
    }

    /// Completes the upload.
    pub async fn complete(&self, tags: &[String]) -> Answer {
        let body = json!({ "tags": tags, "key": self.key });
        read(self.member.request(Method::POST, "/buckets/complete").json(&body).send().await.unwrap()).await
    }

    /// The file's metadata.
    pub async fn info(&self) -> Answer {
        self.member.ask(Method::GET, &format!("/buckets/file/{}", self.key)).await
    }

    /// The answer to the question for a link.
    pub async fn download(&self) -> Answer {
        self.member.ask(Method::GET, &format!("/buckets/download/{}", self.key)).await
    }

    /// A signed link.
    pub async fn link(&self) -> String {
        fine(self.download().await)["url"].as_str().unwrap().to_owned()
    }

    /// The file's bytes, by way of a link.
    pub async fn content(&self) -> Vec<u8> {
        let response = self.member.client.get(self.link().await).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.bytes().await.unwrap().to_vec()
    }

    /// Removes the file.
    pub async fn remove(&self) -> Answer {
        self.member.ask(Method::DELETE, &format!("/buckets/{}", self.key)).await
    }
}

/// `length` bytes that are different for each `seed` and repeat nowhere near.
pub fn bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(length).collect()
}

/// A folder that goes away with the test.
pub struct Folder(pub std::path::PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("partway-test-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub fn text(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// The path of every file in it, relative to it, sorted.
    pub fn files(&self) -> Vec<String> {
        fn walk(folder: &std::path::Path, root: &std::path::Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    walk(&path, root, found);
                } else {
                    found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.0, &self.0, &mut found);
        found.sort();
        found
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
