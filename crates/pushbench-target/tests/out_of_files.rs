//! A process that is out of files. It lowers its own limit, so this binary holds this one test.

mod rig;

use pushbench_probe::limits::{open_fds, open_files};
use pushbench_target::{Config, Limits, Target};
use rig::{Client, config, within};
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::task::{LocalSet, spawn_local};

const CLIENTS: usize = 8;
const ROOM: u64 = 4;

fn limit_files(soft: u64) {
    setrlimit(Resource::Nofile, Rlimit { current: Some(soft), maximum: Some(open_files().hard) }).unwrap();
}

#[test]
fn without_files_clients_are_refused_politely_and_the_target_goes_on() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(LocalSet::new().run_until(async {
        let limits = Limits { connections: Some(1000), ..Limits::default() };
        let target = Target::bind(&Config { limits, ..config() }).unwrap();
        let (address, handle) = (target.local_addr(), target.handle());
        // Connected before anybody accepts: clients and target share this process and its files.
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(Client::connect(address).await);
        }
        let before = open_files().soft;
        limit_files(open_fds().unwrap() as u64 + ROOM);
        let running = spawn_local(target.run());
        let mut statuses = Vec::new();
        for client in &mut clients {
            // A refused client may find its connection closed already.
            let _ = client.stream.try_write(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
        }
        for client in &mut clients {
            let reply = client.reply(true).await;
            assert!(reply.status == 200 || reply.body == "this target is out of open files\n", "{reply:?}");
            statuses.push(reply.status);
        }
        let served = statuses.iter().filter(|status| **status == 200).count() as u64;
        assert!((1..CLIENTS as u64).contains(&served), "{statuses:?}");
        assert_eq!(handle.snapshot().refused, CLIENTS as u64 - served);

        limit_files(before);
        assert_eq!(Client::connect(address).await.get("/healthz").await.status, 200);
        handle.shutdown();
        within(running).await.unwrap();
    }));
}
