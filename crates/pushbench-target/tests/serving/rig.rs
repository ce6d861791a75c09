//! A target on a free port and plain clients for it. Every wait has a deadline.

use pushbench_target::{Config, Handle, Target};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Long enough for a busy machine; never reached by a test that passes.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) fn config() -> Config {
    Config::new("127.0.0.1:0".parse().unwrap())
}

/// Runs a test beside its target, then shuts the target down.
pub(crate) fn with_target<F: Future<Output = ()>>(
    config: impl std::borrow::Borrow<Config>,
    test: impl FnOnce(SocketAddr, Handle) -> F,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(tokio::task::LocalSet::new().run_until(async {
        let target = Target::bind(config.borrow()).unwrap();
        let (address, handle) = (target.local_addr(), target.handle());
        let running = tokio::task::spawn_local(target.run());
        test(address, handle.clone()).await;
        handle.shutdown();
        within(running).await.unwrap();
    }));
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.expect("it takes too long")
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(tokio::time::timeout(DEADLINE, waiting).await.is_ok(), "never came: {what}");
}

#[derive(Debug, Clone)]
pub(crate) struct HttpReply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl HttpReply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn cursor(&self) -> u64 {
        self.header("pushbench-cursor").unwrap_or_else(|| panic!("{self:?}")).parse().unwrap()
    }
}

/// A client that speaks HTTP by hand.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(within(TcpStream::connect(address)).await.unwrap())
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within(self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    pub(crate) async fn get(&mut self, path: &str) -> HttpReply {
        self.request("GET", path, "", "").await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &str) -> HttpReply {
        self.request("POST", path, "", body).await
    }

    pub(crate) async fn request(&mut self, method: &str, path: &str, headers: &str, body: &str) -> HttpReply {
        self.ask(method, path, headers, body).await;
        self.reply(method != "HEAD").await
    }

    /// Sends a request without waiting for its reply.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, headers: &str, body: &str) {
        let length =
            if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        self.send(format!("{method} {path} HTTP/1.1\r\nhost: test\r\n{headers}{length}\r\n{body}")).await;
    }

    /// Reads a head, and a body of the length it names.
    pub(crate) async fn reply(&mut self, with_body: bool) -> HttpReply {
        let (status, head) = self.head().await;
        let mut reply = HttpReply { status, head, body: String::new() };
        let length = reply.header("content-length").map_or(0, |length| length.parse().unwrap());
        if with_body {
            reply.body = String::from_utf8(self.exactly(length).await).unwrap();
        }
        reply
    }

    pub(crate) async fn head(&mut self) -> (u16, String) {
        let end = self.find(b"\r\n\r\n").await + 4;
        let head = String::from_utf8(self.buffer.drain(..end).collect()).unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head)
    }

    async fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            assert!(self.read_more().await, "cut short after {:?}", String::from_utf8_lossy(&self.buffer));
        }
        self.buffer.drain(..length).collect()
    }

    /// The next bytes, whatever they are.
    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        self.exactly(count).await
    }

    async fn find(&mut self, needle: &[u8]) -> usize {
        loop {
            if let Some(at) = self.buffer.windows(needle.len()).position(|window| window == needle) {
                return at;
            }
            assert!(self.read_more().await, "ended after {:?}", String::from_utf8_lossy(&self.buffer));
        }
    }

    async fn read_more(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let count = within(self.stream.read(&mut bytes)).await.unwrap_or(0);
        self.buffer.extend_from_slice(&bytes[..count]);
        count > 0
    }

    /// One chunk of a chunked body; `None` is the chunk that ends it.
    pub(crate) async fn chunk(&mut self) -> Option<String> {
        let end = self.find(b"\r\n").await;
        let line = String::from_utf8(self.exactly(end + 2).await).unwrap();
        let length = usize::from_str_radix(line.trim_end(), 16).unwrap();
        let chunk = self.exactly(length + 2).await;
        (length > 0).then(|| String::from_utf8(chunk[..length].to_vec()).unwrap())
    }

    /// Waits for the end of the connection; further bytes are passed over.
    pub(crate) async fn end(&mut self) {
        while self.read_more().await {}
    }
}

/// An event stream after its head and prologue.
pub(crate) struct EventStream {
    pub(crate) client: Client,
    pub(crate) prologue: String,
}

impl EventStream {
    pub(crate) async fn open(address: SocketAddr, path: &str, headers: &str) -> Self {
        let mut client = Client::connect(address).await;
        client.ask("GET", path, headers, "").await;
        let (status, head) = client.head().await;
        assert_eq!(status, 200, "{head}");
        let prologue = client.chunk().await.unwrap();
        Self { client, prologue }
    }

    /// The next block that is not a comment.
    pub(crate) async fn block(&mut self) -> Option<String> {
        loop {
            let block = self.client.chunk().await?;
            if !block.starts_with(':') {
                return Some(block);
            }
        }
    }

    /// The id and the data of the next event.
    pub(crate) async fn event(&mut self) -> (u64, String) {
        let block = self.block().await.unwrap();
        let (id, data) =
            block.strip_prefix("id: ").unwrap_or_else(|| panic!("{block}")).split_once('\n').unwrap();
        (id.parse().unwrap(), data.strip_prefix("data: ").unwrap().trim_end().to_owned())
    }
}

pub(crate) type Socket = WebSocketStream<TcpStream>;

pub(crate) async fn websocket(address: SocketAddr, path: &str) -> (Socket, u64) {
    websocket_over(within(TcpStream::connect(address)).await.unwrap(), path).await
}

pub(crate) async fn websocket_over(stream: TcpStream, path: &str) -> (Socket, u64) {
    let (socket, response) = within(client_async(format!("ws://test{path}"), stream)).await.unwrap();
    let cursor =
        response.headers().get("pushbench-cursor").map_or(0, |id| id.to_str().unwrap().parse().unwrap());
    (socket, cursor)
}

/// The next message that is no ping.
pub(crate) async fn message(socket: &mut Socket) -> Message {
    use futures_util::StreamExt as _;
    loop {
        match within(socket.next()).await.expect("the connection ended").unwrap() {
            Message::Ping(_) => {}
            message => return message,
        }
    }
}
