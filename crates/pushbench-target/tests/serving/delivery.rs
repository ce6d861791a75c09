//! Every event once and in order, whatever the transport, also across reconnects; and what happens to slow readers.

use crate::rig::{
    Client, EventStream, config, message, until, websocket, websocket_over, with_target, within,
};
use pushbench_measure::{Figure, Phase, PhaseEdges};
use pushbench_probe::clock::now_ns;
use pushbench_scenario::plan::topic_name;
use pushbench_scenario::schedule::{EventSchedule, ScheduledEvent};
use pushbench_scenario::{Arrival, EventSize, Events, Shape, Source, Topics};
use pushbench_target::{Config, Limits, Publishing};
use pushbench_transport::envelope::stamp_of;
use pushbench_transport::{Kind, Settings, sse, websocket};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;

const MS: u64 = 1_000_000;

fn publishing(rate: f64, topics: Topics, count: u32, start_ns: u64, length_ns: u64) -> Publishing {
    let events = Events {
        topics,
        source: Source::Publisher,
        shape: Shape::FLAT,
        rate,
        arrival: Arrival::Constant,
        size: EventSize::Uniform { min: 90, max: 400 },
    };
    let edges = PhaseEdges {
        start_ns,
        measure_ns: start_ns + length_ns / 2,
        drain_ns: start_ns + length_ns,
        end_ns: start_ns + 2 * length_ns,
    };
    Publishing { events, topics: count, seed: 3, edges }
}

/// Transports that are spoken here by hand; the conformance suite has the halves of all.
const BY_HAND: [Kind; 4] = [Kind::ShortPolling, Kind::LongPolling, Kind::Sse, Kind::WebSocket];

/// The ids of some events after `cursor`, over a connection that is given up then.
async fn some_events(kind: Kind, address: SocketAddr, cursor: u64, at_most: usize) -> Vec<u64> {
    let path = format!("{}?after={cursor}", kind.path());
    let id = |payload: &[u8]| stamp_of(payload).unwrap().n;
    if kind == Kind::Sse {
        let resume = format!("last-event-id: {cursor}\r\n");
        let mut stream = EventStream::open(address, "/sse?after=0", &resume).await;
        let mut ids = Vec::new();
        for _ in 0..at_most {
            let (event, data) = stream.event().await;
            assert_eq!(event, id(data.as_bytes()));
            ids.push(event);
        }
        return ids;
    }
    if kind == Kind::WebSocket {
        let (mut socket, from) = websocket(address, &path).await;
        assert_eq!(from, cursor);
        let mut ids = Vec::new();
        for _ in 0..at_most {
            ids.push(id(&message(&mut socket).await.into_data()));
        }
        return ids;
    }
    let reply = Client::connect(address).await.get(&path).await;
    if reply.status == 204 {
        return Vec::new();
    }
    let json = reply.json();
    assert_eq!(json.get("gap"), None);
    json["events"].as_array().unwrap().iter().map(|event| event["n"].as_u64().unwrap()).collect()
}

#[test]
fn resuming_loses_nothing_and_doubles_nothing_while_events_come() {
    const EVENTS: u64 = 600;
    for kind in BY_HAND {
        with_target(config(), |address, handle| async move {
            handle.begin(publishing(1000.0, Topics::Broadcast, 1, now_ns(), EVENTS * MS));
            let mut seen: Vec<u64> = Vec::new();
            let all = async {
                while (seen.len() as u64) < EVENTS {
                    let left = EVENTS as usize - seen.len();
                    let at_most = (seen.len() % 7 + 1).min(left);
                    seen.extend(some_events(kind, address, seen.len() as u64, at_most).await);
                }
            };
            within(all).await;
            assert_eq!(seen, (1..=EVENTS).collect::<Vec<_>>(), "{kind}");
            assert_eq!(handle.snapshot().published, EVENTS);
        });
    }
}

#[test]
fn the_schedule_is_published_exactly() {
    let topics = Topics::Count(3);
    with_target(
        Config { limits: Limits { topics: 1, ..Limits::default() }, ..config() },
        |address, handle| async move {
            let start_ns = now_ns() + 20 * MS;
            let asked = publishing(500.0, topics, 3, start_ns, 400 * MS);
            handle.begin(asked.clone());
            until("all is published", || handle.totals().published == 200).await;
            let snapshot = handle.snapshot();
            assert_eq!(snapshot.publishes_skipped, 0);
            assert_eq!(snapshot.histograms.of(Figure::Slip, Phase::Warmup).count(), 100);
            assert_eq!(snapshot.histograms.of(Figure::Slip, Phase::Measure).count(), 100);
            assert_eq!(
                handle.snapshot().histograms.all_phases(Figure::Slip).count(),
                0,
                "the last call took them"
            );

            let schedule: Vec<ScheduledEvent> =
                EventSchedule::new(asked.events, 3, asked.seed).take(200).collect();
            let mut client = Client::connect(address).await;
            for topic in 0..3 {
                let name = topic_name(topics, topic);
                let json = client.get(&format!("/poll?after=0&topic={name}")).await.json();
                let events = json["events"].as_array().unwrap();
                let expected: Vec<_> = schedule.iter().filter(|event| event.topic == topic).collect();
                assert_eq!(events.len(), expected.len());
                for (event, expected) in events.iter().zip(expected) {
                    let payload = event.to_string();
                    let number = |key: &str| event[key].as_u64().unwrap();
                    assert_eq!(number("n"), expected.n);
                    assert_eq!(number("d"), start_ns + expected.due_offset_ns);
                    assert!(number("p") >= number("d"), "published before it was due");
                    assert_eq!(event["t"], name.as_str());
                    assert_eq!(payload.len(), expected.size as usize);
                }
            }
        },
    );
}

#[test]
fn a_schedule_of_any_length_begins_at_once() {
    with_target(config(), |_, handle| async move {
        // Longer than anybody could count, let alone before the first event is due.
        let century = 3_000_000_000 * 1000 * MS;
        handle.begin(publishing(1000.0, Topics::Broadcast, 1, now_ns(), century));
        until("it has begun", || handle.totals().published >= 3).await;
        assert_eq!(handle.totals().publishes_skipped, 0);
    });
}

#[test]
fn a_schedule_has_its_topics_to_itself_until_its_end() {
    with_target(config(), |address, handle| async move {
        let second = 1000 * MS;
        let mut stranger = Client::connect(address).await;
        assert_eq!(stranger.post("/publish", "before").await.json()["id"], 1);
        // Over already, but for its events.
        handle.begin(publishing(500.0, Topics::Broadcast, 1, now_ns() - 9 * second, second));
        until("all is published", || handle.totals().published == 501).await;
        assert_eq!(stranger.post("/publish", "after").await.json()["id"], 502);
        // Far away, but begun.
        handle.begin(publishing(1.0, Topics::Count(2), 2, now_ns() + 9999 * second, second));
        for topic in ["t0", "t1"] {
            let reply = stranger.post(&format!("/publish?topic={topic}"), "amid").await;
            assert_eq!((reply.status, reply.body.lines().count()), (409, 1), "{}", reply.body);
            assert!(reply.body.contains("schedule"), "{}", reply.body);
        }
        for topic in ["t2", "all"] {
            assert_eq!(stranger.post(&format!("/publish?topic={topic}"), "amid").await.status, 202);
        }
        assert_eq!(handle.totals().published, 504);
    });
}

#[test]
fn overdue_events_are_published_at_once_and_their_lateness_is_told() {
    with_target(config(), |_, handle| async move {
        let second = 1000 * MS;
        handle.begin(publishing(500.0, Topics::Broadcast, 1, now_ns() - second, second));
        until("all is published", || handle.totals().published == 500).await;
        let slip = handle.snapshot().histograms.all_phases(Figure::Slip);
        assert_eq!(slip.count(), 500);
        assert!(slip.quantile(0.0).unwrap() < slip.max().unwrap());
        assert!(slip.max().unwrap() >= 990_000, "the first was due a second ago: {:?}", slip.max());
    });
}

#[test]
fn a_long_fan_out_reaches_everyone_in_order() {
    const CLIENTS: usize = 700;
    // A heartbeat would find the events that a fan-out forgot.
    let settings: sse::Settings = serde_json::from_str(r#"{"heartbeat":"0s"}"#).unwrap();
    let settings = vec![Settings::Sse(settings)];
    with_target(Config { settings, ..config() }, |address, handle| async move {
        let mut streams = Vec::new();
        for _ in 0..CLIENTS {
            streams.push(EventStream::open(address, "/sse", "").await);
        }
        let mut publisher = Client::connect(address).await;
        // One event alone: no later one wakes whom its fan-out forgot. Then several, whose fan-outs meet.
        for ids in [1..=1, 2..=5] {
            for id in ids.clone() {
                publisher.post("/publish", &id.to_string()).await;
            }
            for stream in &mut streams {
                for id in ids.clone() {
                    assert_eq!(stream.event().await, (id, id.to_string()));
                }
            }
        }
        assert_eq!(handle.snapshot().sent, CLIENTS as u64 * 5);
        assert_eq!(handle.snapshot().subscribers, CLIENTS as u64);
    });
}

#[test]
fn a_websocket_sends_text_or_binary_as_it_was_told() {
    for (encoding, payload) in [("text", Message::text("news")), ("binary", Message::binary("news"))] {
        let settings: websocket::Settings =
            serde_json::from_str(&format!(r#"{{"encoding":"{encoding}"}}"#)).unwrap();
        let settings = vec![Settings::WebSocket(settings)];
        with_target(Config { settings, ring_events: 1, ..config() }, |address, _| async move {
            let (mut socket, cursor) = websocket(address, "/ws?after=5").await;
            assert_eq!(cursor, 0);
            assert_eq!(message(&mut socket).await, Message::text(r#"{"gap":true,"oldest":1}"#));
            Client::connect(address).await.post("/publish", "news").await;
            assert_eq!(message(&mut socket).await, payload);
            assert_eq!(websocket(address, "/ws").await.1, 1);
        });
    }
}

/// A connection whose kernel buffer takes little, so that the target soon has to wait.
async fn narrow_connection(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    within(socket.connect(address)).await.unwrap()
}

#[test]
fn a_slow_reader_is_cut_off_and_counted_while_another_gets_everything() {
    let limits = Limits { queue_bytes: 64 << 10, ..Limits::default() };
    for slow_kind in [Kind::Sse, Kind::WebSocket] {
        with_target(Config { limits, ring_events: 2, ..config() }, |address, handle| async move {
            let mut healthy = EventStream::open(address, "/sse", "").await;
            let stream = narrow_connection(address).await;
            let mut slow = match slow_kind {
                Kind::Sse => {
                    let mut client = Client::over(stream);
                    client.ask("GET", "/sse", "", "").await;
                    client
                }
                _ => Client::over(websocket_over(stream, "/ws").await.0.into_inner()),
            };
            until("both subscribe", || handle.snapshot().subscribers == 2).await;
            let mut publisher = Client::connect(address).await;
            let payload = "x".repeat(32 << 10);
            // More than the largest socket buffers of the machine together.
            for id in 1..=2000 {
                publisher.post("/publish", &payload).await;
                assert_eq!(healthy.event().await.0, id);
                if handle.snapshot().slow_disconnects > 0 {
                    break;
                }
            }
            assert_eq!(handle.snapshot().slow_disconnects, 1);
            slow.end().await;
            until("it is gone", || handle.snapshot().subscribers == 1).await;
            publisher.post("/publish", "after").await;
            assert_eq!(healthy.event().await.1, "after");
        });
    }
}

#[test]
fn a_reply_that_nobody_reads_is_given_up_and_counted() {
    let limits = Limits { idle_timeout: Duration::from_millis(200), ..Limits::default() };
    with_target(Config { limits, ..config() }, |address, handle| async move {
        let mut publisher = Client::connect(address).await;
        let payload = "x".repeat(1 << 20);
        publisher.post("/publish", &payload).await;
        let mut deaf = Client::over(narrow_connection(address).await);
        // More than the largest socket buffers of the machine together.
        for _ in 0..100 {
            deaf.ask("GET", "/poll?after=0", "", "").await;
        }
        until("all are gone", || handle.totals().connections == 0).await;
        assert_eq!(handle.totals().slow_disconnects, 1, "the publisher was merely idle");
    });
}
