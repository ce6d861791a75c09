//! How everything ends, and what happens when files run short.

use crate::rig::{Client, EventStream, config, message, until, websocket, within};
use futures_util::StreamExt as _;
use pushbench_probe::clock::now_ns;
use pushbench_target::Target;
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

fn run<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(LocalSet::new().run_until(test));
}

#[test]
fn a_shutdown_ends_everything_properly() {
    run(async {
        let target = Target::bind(&config()).unwrap();
        let (address, handle) = (target.local_addr(), target.handle());
        let running = spawn_local(target.run());
        let mut stream = EventStream::open(address, "/sse", "").await;
        let (mut socket, _) = websocket(address, "/ws").await;
        let (mut echo, _) = websocket(address, "/echo").await;
        let mut held = Client::connect(address).await;
        held.ask("GET", "/long-poll", "", "").await;
        let mut idle = Client::connect(address).await;
        idle.get("/healthz").await;
        let mut silent = Client::connect(address).await;
        until("all are there", || handle.snapshot().connections == 6 && handle.snapshot().subscribers == 3)
            .await;
        // It is published just before the end: nobody may miss it.
        idle.post("/publish", "last").await;

        handle.shutdown();
        assert_eq!(stream.event().await.1, "last");
        assert_eq!(stream.block().await, None, "the chunk that ends the stream");
        stream.client.end().await;
        assert_eq!(held.reply(true).await.body, r#"{"cursor":1,"events":["last"]}"#);
        held.end().await;
        idle.end().await;
        silent.end().await;
        assert_eq!(message(&mut socket).await, Message::text("last"));
        for socket in [&mut socket, &mut echo] {
            let Message::Close(Some(frame)) = message(socket).await else { panic!("no close") };
            assert_eq!(frame.code, CloseCode::Away);
            assert!(within(socket.next()).await.is_none());
        }
        within(running).await.unwrap();
        assert!(within(TcpStream::connect(address)).await.is_err(), "nobody listens any more");
        assert_eq!((handle.snapshot().connections, handle.snapshot().subscribers), (0, 0));
    });
}

#[test]
fn held_polls_get_their_204_and_stragglers_do_not_hold_the_end_up() {
    run(async {
        let target = Target::bind(&config()).unwrap();
        let (address, handle) = (target.local_addr(), target.handle());
        let running = spawn_local(target.run());
        let mut held = Client::connect(address).await;
        held.ask("GET", "/long-poll", "", "").await;
        // It neither reads nor answers.
        let deaf = websocket(address, "/ws").await;
        let mut half = Client::connect(address).await;
        half.send("POST /publish HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nx").await;
        until("all are there", || handle.snapshot().requests == 3).await;
        handle.shutdown();
        assert_eq!(held.reply(true).await.status, 204);
        within(running).await.unwrap();
        half.end().await;
        drop(deaf);
    });
}

#[test]
fn the_alarm_of_a_target_rings_for_others_on_its_thread() {
    run(async {
        let target = Target::bind(&config()).unwrap();
        let handle = target.handle();
        let running = spawn_local(target.run());
        let at_ns = now_ns() + 5_000_000;
        within(handle.alarm().until(at_ns)).await;
        assert!(now_ns() >= at_ns);
        handle.shutdown();
        within(running).await.unwrap();
    });
}

#[test]
fn a_target_without_clients_ends_at_once() {
    run(async {
        let target = Target::bind(&config()).unwrap();
        target.handle().shutdown();
        within(target.run()).await;
    });
}
