//! The upgrade, the echo and the ends of a WebSocket.

use crate::rig::{Client, Socket, config, message, until, websocket, with_target, within};
use futures_util::{SinkExt as _, StreamExt as _};
use pushbench_target::Config;
use pushbench_transport::{Settings, websocket};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

const UPGRADE: &str = "upgrade: websocket\r\nconnection: Upgrade\r\n";
const KEY: &str = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const VERSION: &str = "sec-websocket-version: 13\r\n";

async fn close_code(socket: &mut Socket) -> Option<CloseCode> {
    match message(socket).await {
        Message::Close(frame) => frame.map(|frame| frame.code),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_upgrade_is_made_as_the_standard_says_or_refused() {
    with_target(config(), |address, _| async move {
        let table = [
            (String::new(), 426, "WebSocket"),
            (format!("connection: Upgrade\r\n{KEY}{VERSION}"), 426, "WebSocket"),
            (format!("upgrade: websocket\r\n{KEY}{VERSION}"), 426, "WebSocket"),
            (format!("{UPGRADE}{KEY}"), 426, "13"),
            (format!("{UPGRADE}{KEY}sec-websocket-version: 8\r\n"), 426, "13"),
            (format!("{UPGRADE}{VERSION}"), 400, "Sec-WebSocket-Key"),
            (format!("{UPGRADE}{VERSION}sec-websocket-key: short\r\n"), 400, "Sec-WebSocket-Key"),
            (format!("{UPGRADE}{VERSION}{KEY}content-length: 1\r\n"), 400, "body"),
        ];
        for path in ["/ws", "/echo"] {
            for (headers, status, word) in &table {
                let mut client = Client::connect(address).await;
                let reply = client.request("GET", path, headers, "").await;
                assert_eq!(reply.status, *status, "{path} {headers}");
                assert!(reply.body.contains(word) && reply.body.lines().count() == 1, "{}", reply.body);
                let version = (*status == 426).then_some("13");
                assert_eq!(reply.header("sec-websocket-version"), version, "{}", reply.head);
                assert_eq!(reply.header("upgrade").is_some(), *status == 426, "{}", reply.head);
            }
            let mut client = Client::connect(address).await;
            client.ask("GET", path, &format!("{UPGRADE}{KEY}{VERSION}"), "").await;
            let (status, head) = client.head().await;
            assert_eq!(status, 101, "{head}");
            // RFC 6455, section 1.3.
            assert!(head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
        }
        let mut old = Client::connect(address).await;
        old.send(format!("GET /ws HTTP/1.0\r\nhost: a\r\n{UPGRADE}{KEY}{VERSION}\r\n")).await;
        let reply = old.reply(true).await;
        assert_eq!((reply.status, reply.body.contains("HTTP/1.1")), (400, true));
    });
}

#[test]
fn the_echo_gives_back_what_it_got() {
    with_target(config(), |address, _| async move {
        let (mut socket, _) = websocket(address, "/echo").await;
        let long = "ä".repeat(100_000);
        let messages = [
            Message::text("a"),
            Message::binary(vec![0, 255]),
            Message::text(""),
            Message::text(long.as_str()),
        ];
        for sent in messages {
            within(socket.send(sent.clone())).await.unwrap();
            assert_eq!(message(&mut socket).await, sent);
        }
        // Two bytes of one character, with a ping between them.
        let parts = [
            Message::Frame(Frame::message(&b"\xc3"[..], OpCode::Data(Data::Text), false)),
            Message::Ping("now".into()),
            Message::Frame(Frame::message(&b"\xa4"[..], OpCode::Data(Data::Continue), true)),
        ];
        for part in parts {
            within(socket.send(part)).await.unwrap();
        }
        assert_eq!(message(&mut socket).await, Message::Pong("now".into()));
        assert_eq!(message(&mut socket).await, Message::text("ä"));
        let frame = CloseFrame { code: CloseCode::Library(4321), reason: "done".into() };
        within(socket.close(Some(frame.clone()))).await.unwrap();
        assert_eq!(message(&mut socket).await, Message::Close(Some(frame)));
        assert!(within(socket.next()).await.is_none());
    });
}

#[test]
fn bytes_behind_the_request_are_the_first_frames() {
    with_target(config(), |address, _| async move {
        let mut client = Client::connect(address).await;
        let mut bytes = format!("GET /echo HTTP/1.1\r\nhost: a\r\n{UPGRADE}{KEY}{VERSION}\r\n").into_bytes();
        // A masked text "hi" (mask 0).
        bytes.extend_from_slice(b"\x81\x82\0\0\0\0hi");
        client.send(bytes).await;
        client.head().await;
        assert_eq!(client.bytes(4).await, b"\x81\x02hi");
    });
}

#[test]
fn a_peer_that_breaks_the_protocol_is_told_how() {
    with_target(config(), |address, handle| async move {
        let text =
            |bytes: &'static [u8]| Message::Frame(Frame::message(bytes, OpCode::Data(Data::Text), true));
        for path in ["/ws", "/echo"] {
            let (mut socket, _) = websocket(address, path).await;
            within(socket.send(text(b"\xff\xfe"))).await.unwrap();
            assert_eq!(close_code(&mut socket).await, Some(CloseCode::Invalid), "{path}");

            let (mut socket, _) = websocket(address, path).await;
            // Unmasked.
            within(socket.get_mut().write_all(b"\x81\x02hi")).await.unwrap();
            assert_eq!(close_code(&mut socket).await, Some(CloseCode::Protocol), "{path}");
        }
        let (mut socket, _) = websocket(address, "/ws").await;
        // No text, so it is not published.
        within(socket.send(Message::binary(vec![0xff; 1 << 20]))).await.unwrap();
        // The close must reach a peer that has sent far more than was read of it.
        within(socket.send(Message::binary(vec![0; 4 << 20]))).await.unwrap();
        assert_eq!(close_code(&mut socket).await, Some(CloseCode::Size));
        drop(socket);
        until("all are gone", || handle.snapshot().connections == 0).await;
    });
}

#[test]
fn a_subscriber_that_talks_is_answered_as_any_other() {
    with_target(config(), |address, handle| async move {
        let (mut socket, _) = websocket(address, "/ws").await;
        for said in 0..200 {
            within(socket.send(Message::text(said.to_string()))).await.unwrap();
        }
        for said in 0..200 {
            assert_eq!(message(&mut socket).await, Message::text(said.to_string()));
        }
        within(socket.send(Message::Ping("now".into()))).await.unwrap();
        assert_eq!(message(&mut socket).await, Message::Pong("now".into()));
        Client::connect(address).await.post("/publish", "news").await;
        assert_eq!(message(&mut socket).await, Message::text("news"));
        within(socket.close(None)).await.unwrap();
        assert_eq!(message(&mut socket).await, Message::Close(None));
        assert!(within(socket.next()).await.is_none());
        until("it is gone", || handle.snapshot().subscribers == 0).await;
    });
}

#[test]
fn a_peer_that_answers_no_pings_is_closed() {
    let settings: websocket::Settings = serde_json::from_str(r#"{"ping_interval":"30ms"}"#).unwrap();
    let settings = vec![Settings::WebSocket(settings)];
    with_target(Config { settings, ..config() }, |address, handle| async move {
        let (mut alive, _) = websocket(address, "/ws").await;
        let (dead, _) = websocket(address, "/ws").await;
        let mut dead = Client::over(dead.into_inner());
        let mut pings = 0;
        while handle.snapshot().subscribers == 2 {
            let ping = within(alive.next()).await.unwrap().unwrap();
            assert!(matches!(ping, Message::Ping(_)), "{ping:?}");
            pings += 1;
        }
        assert!(pings >= 2, "{pings}");
        // Two empty pings, then a close with 1011.
        assert_eq!(dead.bytes(4).await, b"\x89\0\x89\0");
        let close = dead.bytes(4).await;
        assert_eq!((close[0], &close[2..]), (0x88, &1011u16.to_be_bytes()[..]));
        within(alive.send(Message::Ping("still".into()))).await.unwrap();
        assert_eq!(message(&mut alive).await, Message::Pong("still".into()));
    });
}
