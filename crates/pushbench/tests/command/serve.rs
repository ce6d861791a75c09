//! The target server alone.

use rustix::process::Signal;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::process::{Started, run, signal, start, until};

/// Asked to end, a target has five seconds; a busy machine some more.
const SECONDS: Duration = Duration::from_secs(10);

/// A target on a free port.
fn serve() -> (Started, SocketAddr) {
    serve_with(&[])
}

fn serve_with(options: &[&str]) -> (Started, SocketAddr) {
    let started = start(Path::new("."), &[&["serve", "--listen", "127.0.0.1:0"], options].concat());
    let line = until("the first line", || {
        let said = started.err();
        said.split_once('\n').map(|(line, _)| line.to_owned())
    });
    let address = line.strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line}"));
    (started, address.parse().unwrap())
}

/// A connection on which a request was sent.
struct Asked {
    stream: TcpStream,
    got: Vec<u8>,
}

fn ask(address: SocketAddr, request: &str) -> Asked {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(request.replace('\n', "\r\n").as_bytes()).unwrap();
    Asked { stream, got: Vec::new() }
}

impl Asked {
    /// Reads until the answer has this in it.
    fn until(mut self, wanted: &str) -> Self {
        while !String::from_utf8_lossy(&self.got).contains(wanted) {
            let mut bytes = [0; 1024];
            let count = self.stream.read(&mut bytes).unwrap();
            assert!(count > 0, "no `{wanted}` in {}", String::from_utf8_lossy(&self.got));
            self.got.extend_from_slice(&bytes[..count]);
        }
        self
    }

    /// Everything until the end of the connection, which must be an orderly one.
    fn drained(mut self) -> Vec<u8> {
        self.stream.read_to_end(&mut self.got).unwrap();
        self.got
    }

    /// Reads a close frame, answers it as a client must, and reads to the end.
    fn until_close_and_answer(mut self) -> Vec<u8> {
        let close_from = self.got.len();
        while !self.got[close_from..].contains(&0x88) {
            let mut bytes = [0; 1024];
            let count = self.stream.read(&mut bytes).unwrap();
            assert!(count > 0, "ended without a close frame: {:?}", text(&self.got));
            self.got.extend_from_slice(&bytes[..count]);
        }
        // Final close frame of 2 bytes, masked with zeros: 1001.
        self.stream.write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9]).unwrap();
        self.drained()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_served_target_ends_everything_properly_when_it_is_told_to() {
    for end in [Signal::TERM, Signal::INT] {
        let (started, address) = serve();
        let stream = ask(address, "GET /sse?topic=news HTTP/1.1\nHost: a\n\n").until("id: 0\n\n");
        let upgrade = "GET /ws?topic=news HTTP/1.1\nHost: a\nConnection: Upgrade\nUpgrade: websocket\n\
            Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n";
        let socket = ask(address, upgrade).until("\r\n\r\n");
        assert!(text(&socket.got).contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "the answer of RFC 6455, 1.3");
        let held = ask(address, "GET /long-poll?topic=other HTTP/1.1\nHost: a\n\n");
        let publish =
            "POST /publish?topic=news HTTP/1.1\nHost: a\nContent-Length: 5\nConnection: close\n\nhello";
        assert!(text(&ask(address, publish).drained()).starts_with("HTTP/1.1 202 "));
        let stream = stream.until("data: hello\n\n");
        let socket = socket.until("hello");
        // That the poll is held, and not about to be, the target says itself.
        until("the held poll", || {
            let metrics = ask(address, "GET /metrics HTTP/1.1\nHost: a\nConnection: close\n\n").drained();
            text(&metrics).lines().any(|line| line == "pushbench_subscribers 3").then_some(())
        });

        signal(started.pid(), end);
        let stream = text(&stream.drained());
        assert!(stream.ends_with("data: hello\n\n\r\n0\r\n\r\n"), "the chunk that ends a body: {stream:?}");
        // RFC 6455, 5.5.1: a close frame with code 1001 (0x03e9), "going away".
        let socket = socket.until_close_and_answer();
        assert!(socket.windows(2).any(|bytes| bytes == [0x03, 0xe9]), "{:?}", text(&socket));
        let held = text(&held.drained());
        assert!(held.starts_with("HTTP/1.1 204 "), "{held}");
        let ended = started.ended_within(SECONDS);
        assert_eq!((ended.code, ended.signal, ended.out.as_str()), (Some(0), None, ""));
        assert_eq!(ended.err, format!("listening on http://{address}\n"));
        assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }
}

#[test]
fn an_address_that_is_taken_is_named_with_its_owner() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let ended = run(&["serve", "--listen", &address]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(3), ""));
    assert!(ended.err.starts_with(&format!("error: {address} is already in use by ")), "{}", ended.err);
    assert!(ended.err.contains(&format!("(pid {})", std::process::id())), "{}", ended.err);
    assert!(ended.err.contains("\nhint: "), "{}", ended.err);
}

#[test]
fn an_address_that_is_not_here_is_named() {
    // TEST-NET-1 of RFC 5737: nobody's address. Binding sends nothing.
    let ended = run(&["serve", "--listen", "192.0.2.1:0"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(
        ended.err,
        "error: cannot listen on 192.0.2.1:0: Cannot assign requested address (os error 99)\n"
    );
}

#[test]
fn a_target_with_faults_says_so_and_replies_as_if_it_had_none() {
    let (started, address) = serve_with(&["--inject", "drop=2, duplicate=3,reorder=5"]);
    let stream = ask(address, "GET /sse?topic=news HTTP/1.1\nHost: a\n\n").until("id: 0\n\n");
    for n in 1..=6 {
        let publish = "POST /publish?topic=news HTTP/1.1\nHost: a\nContent-Length: 2\nConnection: close\n\nn";
        let reply = text(&ask(address, &format!("{publish}{n}")).drained());
        assert!(reply.starts_with("HTTP/1.1 202 ") && reply.ends_with(&format!("{{\"id\":{n}}}")), "{reply}");
    }
    // 2, 4 and 6 are dropped; 3 comes twice; 5 waits for a successor that is not dropped.
    let stream = stream.until("id: 3\ndata: n3\n\n");
    let publish = "POST /publish?topic=news HTTP/1.1\nHost: a\nContent-Length: 2\nConnection: close\n\nn7";
    ask(address, publish).drained();
    let got = text(&stream.until("id: 5\ndata: n5\n\n").got);
    let data: Vec<&str> = got.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(data, ["n1", "n3", "n3", "n7", "n5"], "{got}");
    signal(started.pid(), Signal::TERM);
    let warning = "warning: faults injected: drop=2,duplicate=3,reorder=5";
    assert_eq!(started.ended().err, format!("listening on http://{address}\n{warning}\n"));
}

#[test]
fn a_stalled_target_answers_nobody_until_the_standstill_is_over() {
    let (started, address) = serve_with(&["--inject", "stall=300ms/500ms"]);
    // Whoever asks without a pause meets a standstill within one period.
    until("an answer that took a standstill", || {
        let begin = Instant::now();
        let reply = ask(address, "GET /healthz HTTP/1.1\nHost: a\nConnection: close\n\n").drained();
        assert!(text(&reply).starts_with("HTTP/1.1 200 "), "{}", text(&reply));
        (begin.elapsed() >= Duration::from_millis(250)).then_some(())
    });
    signal(started.pid(), Signal::TERM);
    assert_eq!(started.ended().code, Some(0));
}
