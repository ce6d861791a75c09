//! A process that is out of files. It lowers its own limit, so this binary holds this one test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic anywhere")]

use pushbench_probe::limits::{open_fds, open_files};
use pushbench_target::{Config, Limits, Target};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::timeout;

const CLIENTS: usize = 8;
const ROOM: u64 = 4;
const DEADLINE: Duration = Duration::from_secs(30);

fn limit_files(soft: u64) {
    setrlimit(Resource::Nofile, Rlimit { current: Some(soft), maximum: Some(open_files().hard) }).unwrap();
}

async fn ask(client: &mut TcpStream) {
    // A refused client may find its connection closed already.
    let _ = client.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
}

async fn reply(client: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // One that is refused while it sends is reset after the reply.
    let _ = timeout(DEADLINE, client.read_to_end(&mut bytes)).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn without_files_clients_are_refused_politely_and_the_target_goes_on() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(LocalSet::new().run_until(async {
        let limits = Limits { connections: Some(1000), ..Limits::default() };
        let target = Target::bind(&Config { limits, ..Config::new("127.0.0.1:0".parse().unwrap()) }).unwrap();
        let (address, handle) = (target.local_addr(), target.handle());
        // Connected before anybody accepts: clients and target share this process and its files.
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        let before = open_files().soft;
        limit_files(open_fds().unwrap() as u64 + ROOM);
        let running = spawn_local(target.run());
        let mut served = 0;
        for client in &mut clients {
            ask(client).await;
        }
        for client in &mut clients {
            let reply = reply(client).await;
            if reply.starts_with("HTTP/1.1 200") {
                served += 1;
            } else {
                assert!(reply.ends_with("\r\n\r\nthis target is out of open files\n"), "{reply:?}");
            }
        }
        assert!((1..CLIENTS as u64).contains(&served), "{served} of {CLIENTS}");
        assert_eq!(handle.snapshot().refused, CLIENTS as u64 - served);

        limit_files(before);
        let mut late = TcpStream::connect(address).await.unwrap();
        ask(&mut late).await;
        assert!(reply(&mut late).await.starts_with("HTTP/1.1 200"));
        handle.shutdown();
        timeout(DEADLINE, running).await.unwrap().unwrap();
    }));
}
