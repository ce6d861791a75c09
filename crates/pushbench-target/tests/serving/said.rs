//! Messages of WebSocket clients: published to the topic that they subscribed to.

use crate::rig::{Client, Socket, config, message, until, websocket, with_target, within};
use futures_util::SinkExt as _;
use pushbench_measure::PhaseEdges;
use pushbench_scenario::{Arrival, EventSize, Events, Shape, Source, Topics};
use pushbench_target::{Config, Publishing};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

async fn say(socket: &mut Socket, message: Message) {
    within(socket.send(message)).await.unwrap();
}

#[test]
fn a_message_reaches_everyone_of_the_topic_over_any_transport() {
    with_target(config(), |address, handle| async move {
        let (mut ann, _) = websocket(address, "/ws?topic=a").await;
        let (mut bob, _) = websocket(address, "/ws?topic=a").await;
        let (mut stranger, _) = websocket(address, "/ws?topic=b").await;
        say(&mut ann, Message::text("hello")).await;
        say(&mut ann, Message::binary(b"\xc3\xa4".as_slice())).await;
        for socket in [&mut ann, &mut bob] {
            assert_eq!(message(socket).await, Message::text("hello"));
            assert_eq!(message(socket).await, Message::text("ä"));
        }
        let reply = Client::connect(address).await.get("/poll?topic=a&after=0").await;
        assert_eq!(reply.json()["events"], serde_json::json!(["hello", "ä"]));
        // What another says is heard by the others of its topic alone.
        say(&mut stranger, Message::text("me too")).await;
        assert_eq!(message(&mut stranger).await, Message::text("me too"));
        let totals = handle.totals();
        assert_eq!((totals.published, totals.sent, totals.error_replies), (3, 7, 0), "{totals:?}");
    });
}

#[test]
fn what_was_said_with_a_goodbye_was_said_and_what_is_no_text_was_not() {
    with_target(config(), |address, handle| async move {
        let (mut leaving, _) = websocket(address, "/ws").await;
        let (mut staying, _) = websocket(address, "/ws").await;
        within(leaving.feed(Message::binary(vec![0xff]))).await.unwrap();
        within(leaving.feed(Message::text("bye"))).await.unwrap();
        within(leaving.close(None)).await.unwrap();
        assert_eq!(message(&mut staying).await, Message::text("bye"));
        assert_eq!(handle.totals().published, 1);
    });
}

#[test]
fn a_message_that_is_too_long_ends_the_connection() {
    with_target(config(), |address, handle| async move {
        let (mut socket, _) = websocket(address, "/ws").await;
        let longest = "x".repeat(1 << 20);
        say(&mut socket, Message::text(longest.as_str())).await;
        assert_eq!(message(&mut socket).await, Message::text(longest.as_str()));
        // The target may end the connection while this is being written.
        let _ = within(socket.send(Message::text(format!("{longest}x")))).await;
        match message(&mut socket).await {
            Message::Close(Some(frame)) => assert_eq!(frame.code, CloseCode::Size),
            other => panic!("{other:?}"),
        }
        assert_eq!(handle.totals().published, 1);
    });
}

fn publishing(source: Source, topics: Topics) -> Publishing {
    let events = Events {
        topics,
        source,
        rate: 1000.0,
        shape: Shape::FLAT,
        arrival: Arrival::Constant,
        size: EventSize::Fixed(200),
    };
    let far_ns = u64::MAX / 2;
    let edges = PhaseEdges { start_ns: far_ns, measure_ns: far_ns, drain_ns: far_ns + 1, end_ns: far_ns + 2 };
    Publishing { events, topics: 1, seed: 1, edges }
}

#[test]
fn a_topic_of_a_schedule_takes_no_messages_and_a_refusal_is_counted() {
    with_target(config(), |address, handle| async move {
        handle.begin(publishing(Source::Publisher, Topics::Broadcast));
        let (mut socket, _) = websocket(address, "/ws").await;
        say(&mut socket, Message::text("hello")).await;
        until("the refusal", || handle.totals().error_replies == 1).await;
        assert_eq!(handle.totals().published, 0);
        let reply = Client::connect(address).await.post("/publish", "hello").await;
        assert_eq!(reply.status, 409);
    });
}

#[test]
fn in_a_chat_the_members_publish_and_nobody_else_does() {
    with_target(config(), |address, handle| async move {
        let mut chat = publishing(Source::Members, Topics::Rooms { members: 2 });
        // It is under way: a publisher would have published thousands.
        chat.edges.start_ns = 0;
        handle.begin(chat);
        let (mut socket, _) = websocket(address, "/ws?topic=t0").await;
        say(&mut socket, Message::text("hello")).await;
        let reply = Client::connect(address).await.post("/publish?topic=t0", "hi").await;
        assert_eq!((reply.status, reply.body.as_str()), (202, "{\"id\":2}"));
        assert_eq!(message(&mut socket).await, Message::text("hello"));
        assert_eq!(message(&mut socket).await, Message::text("hi"));
        let totals = handle.totals();
        assert_eq!((totals.published, totals.publishes_skipped), (2, 0), "{totals:?}");
    });
}

#[test]
fn what_is_said_goes_through_the_faults_as_everything_else() {
    let config = Config { inject: "drop=2".parse().ok(), ..config() };
    with_target(config, |address, handle| async move {
        let (mut socket, _) = websocket(address, "/ws").await;
        for text in ["one", "two", "three"] {
            say(&mut socket, Message::text(text)).await;
        }
        assert_eq!(message(&mut socket).await, Message::text("one"));
        assert_eq!(message(&mut socket).await, Message::text("three"));
        assert_eq!(handle.totals().published, 3);
    });
}
