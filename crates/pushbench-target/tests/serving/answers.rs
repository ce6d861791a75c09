//! Answers as plain clients see them: when which part is due, where an answer ends, and what becomes of the connection.

use pushbench_measure::{Figure, PhaseEdges};
use pushbench_probe::clock::now_ns;
use pushbench_scenario::{Answers, Arrival, EventSize, Events, Law, Parts, Shape, Source, Topics, answer};
use pushbench_target::{Answering, Config, Limits, Publishing};
use pushbench_transport::envelope::{End, Stamp, end_of, stamp_of};
use std::net::SocketAddr;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

use crate::rig::{Client, EventStream, config, message, until, websocket, with_target, within};

const MS: u64 = 1_000_000;

/// Five parts with gaps that are unlike each other.
pub(crate) fn five_parts() -> Answering {
    let gaps = [3 * MS, MS, 0, 7 * MS + 1];
    let answers = Answers {
        parts: Parts::Fixed(5),
        first: Law::Uniform { min_ns: MS, max_ns: 2 * MS },
        gap: Law::Replay(gaps.to_vec()),
        stall_ns: 0,
    };
    Answering { answers, size: EventSize::Uniform { min: 120, max: 400 }, seed: 3 }
}

fn answering(answering: Answering) -> Config {
    Config { answers: Some(answering), ..config() }
}

/// A target whose answers do not end while a test looks at them.
fn slow() -> Config {
    let answers = Answers { gap: Law::Constant(3_600_000 * MS), ..five_parts().answers };
    answering(Answering { answers, ..five_parts() })
}

/// The payloads up to the end, which is taken off and says how many there were of which answer.
fn parts(mut payloads: Vec<String>, ask: u64) -> Vec<Stamp> {
    let end = payloads.pop().unwrap();
    assert_eq!(end_of(end.as_bytes()), Some(End { parts: payloads.len() as u32, ask }), "{end}");
    payloads.iter().map(|payload| stamp_of(payload.as_bytes()).unwrap()).collect()
}

/// That these are the parts of answer `ask`, due at exactly the instants after some arrival between the two.
fn check(stamps: &[Stamp], ask: u64, (asked_ns, read_ns): (u64, u64)) {
    let Answering { answers, size, seed } = five_parts();
    let expected = answer(&answers, size, seed, ask);
    let arrival_ns = stamps[0].due_ns - expected.first_ns;
    assert!((asked_ns..=read_ns).contains(&arrival_ns));
    let due: Vec<u64> = stamps.iter().map(|stamp| stamp.due_ns - arrival_ns).collect();
    assert_eq!(due, expected.due_offsets_ns().collect::<Vec<_>>());
    let numbers: Vec<u64> = stamps.iter().map(|stamp| stamp.n).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    assert!(stamps.iter().all(|stamp| stamp.published_ns >= stamp.due_ns), "{stamps:?}");
}

/// The payloads of a response that is an event stream, and the id of the last.
async fn streamed(client: &mut Client) -> (Vec<String>, u64) {
    let (status, head) = client.head().await;
    assert_eq!(status, 200, "{head}");
    let (mut payloads, mut last_id) = (Vec::new(), 0);
    while let Some(chunk) = client.chunk().await {
        let Some((id, data)) = chunk.strip_prefix("id: ").and_then(|rest| rest.split_once('\n')) else {
            continue;
        };
        last_id = id.parse().unwrap();
        payloads.push(data.strip_prefix("data: ").unwrap().trim_end().to_owned());
    }
    (payloads, last_id)
}

#[test]
fn a_response_is_the_answer_and_its_connection_carries_the_next_one() {
    with_target(answering(five_parts()), |address, handle| async move {
        let mut client = Client::connect(address).await;
        for (ask, method) in (0..).zip(["POST", "POST", "GET", "POST"]) {
            let asked_ns = now_ns();
            client.ask(method, &format!("/sse?topic=t7&ask={ask}"), "content-length: 0\r\n", "").await;
            let (payloads, last_id) = streamed(&mut client).await;
            check(&parts(payloads, ask), ask, (asked_ns, now_ns()));
            assert_eq!(last_id, 6 * (ask + 1), "ids go on");
        }
        assert_eq!(client.get("/healthz").await.status, 200);
        let metrics = client.get("/metrics").await.body;
        for line in ["answers_under_way 0", "answers_begun_total 4", "answers_ended_total 4"] {
            assert!(metrics.contains(&format!("\npushbench_{line}\n")), "{metrics}");
        }
        let totals = handle.totals();
        // An end is sent, but it is no event that was published.
        assert_eq!((totals.accepted, totals.published, totals.sent), (1, 20, 24));
    });
}

#[test]
fn a_client_that_wants_no_connection_kept_gets_its_answer_and_the_end() {
    with_target(answering(five_parts()), |address, _| async move {
        let mut client = Client::connect(address).await;
        client.ask("POST", "/sse?ask=1", "connection: close\r\n", "").await;
        assert_eq!(parts(streamed(&mut client).await.0, 1).len(), 5);
        client.end().await;
        let mut old = Client::connect(address).await;
        old.send("POST /sse?ask=2 HTTP/1.0\r\n\r\n").await;
        assert_eq!(old.head().await.0, 200);
        old.end().await;
    });
}

#[test]
fn an_answer_by_get_is_resumed_and_known_to_its_end_it_is_over() {
    with_target(answering(five_parts()), |address, handle| async move {
        let asked_ns = now_ns();
        let mut first = EventStream::open(address, "/sse?topic=a&ask=9", "").await;
        let (mut id, payload) = first.event().await;
        drop(first);
        let mut payloads = vec![payload];
        // One event per connection.
        while end_of(payloads.last().unwrap().as_bytes()).is_none() {
            let mut again =
                EventStream::open(address, "/sse?topic=a&ask=9", &format!("last-event-id: {id}\r\n")).await;
            let payload;
            (id, payload) = again.event().await;
            payloads.push(payload);
        }
        check(&parts(payloads, 9), 9, (asked_ns, now_ns()));
        let mut client = Client::connect(address).await;
        let last = format!("last-event-id: {id}\r\n");
        assert_eq!(client.request("GET", "/sse?topic=a&ask=9", &last, "").await.status, 204);
        assert_eq!(client.request("GET", "/sse?topic=a&ask=8", &last, "").await.status, 404);
        until("nothing is left", || handle.totals().subscribers == 0).await;
    });
}

#[test]
fn an_answer_by_post_is_given_up_with_its_connection() {
    with_target(slow(), |address, handle| async move {
        let mut other = Client::connect(address).await;
        for ask in 0..3 {
            let mut client = Client::connect(address).await;
            client.ask("POST", &format!("/sse?topic=a&ask={ask}"), "", "").await;
            assert_eq!(client.head().await.0, 200);
            client.chunk().await.unwrap();
            let second = other.request("POST", "/sse?topic=a&ask=7", "", "").await;
            assert_eq!((second.status, second.body.contains("under way")), (409, true));
            other = Client::connect(address).await;
            drop(client);
            until("it is gone", || handle.totals().connections == 1).await;
        }
        let metrics = other.get("/metrics").await.body;
        assert!(metrics.contains("\npushbench_answers_under_way 0\n"), "{metrics}");
    });
}

/// Follows a ticket to the end of its answer.
async fn fetched(address: SocketAddr, client: &mut Client, ticket: &str) -> Vec<String> {
    let (place, after) = ticket.rsplit_once('=').unwrap();
    let (mut after, mut payloads): (u64, Vec<String>) = (after.parse().unwrap(), Vec::new());
    while payloads.last().is_none_or(|last| json_end(last).is_none()) {
        let reply = client.get(&format!("{place}={after}")).await;
        assert!([200, 204].contains(&reply.status), "{address} {reply:?}");
        after = reply.cursor();
        if reply.status == 204 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        payloads.extend(reply.json()["events"].as_array().unwrap().iter().map(ToString::to_string));
    }
    payloads
}

#[test]
fn a_polling_client_gets_a_ticket_and_finds_its_answer_there() {
    with_target(answering(five_parts()), |address, _| async move {
        let mut client = Client::connect(address).await;
        client.post("/publish?topic=t7", "before").await;
        for (ask, path) in (0..).zip(["/poll", "/long-poll", "/poll"]) {
            let asked_ns = now_ns();
            let reply = client.request("POST", &format!("{path}?topic=t7&ask={ask}"), "", "").await;
            let cursor = 1 + 6 * ask;
            let ticket = format!("{path}?topic=t7&ask={ask}&after={cursor}");
            assert_eq!((reply.status, reply.cursor()), (202, cursor), "{reply:?}");
            assert_eq!(reply.header("location"), Some(ticket.as_str()));
            assert_eq!(reply.header("content-length"), Some("0"));
            let payloads = within(fetched(address, &mut client, &ticket)).await;
            let stamps: Vec<Stamp> = payloads.iter().filter_map(|payload| json_stamp(payload)).collect();
            assert_eq!(json_end(payloads.last().unwrap()), Some(End { parts: 5, ask }));
            check(&stamps, ask, (asked_ns, now_ns()));
        }
    });
}

/// The numbers of a part whose keys may stand in any order.
fn json_stamp(payload: &str) -> Option<Stamp> {
    let json: serde_json::Value = serde_json::from_str(payload).unwrap();
    let number = |key: &str| json[key].as_u64();
    Some(Stamp { n: number("n")?, due_ns: number("d")?, published_ns: number("p")? })
}

/// The numbers of an end, the same way.
fn json_end(payload: &str) -> Option<End> {
    let json: serde_json::Value = serde_json::from_str(payload).unwrap();
    Some(End { parts: json["end"].as_u64()?.try_into().unwrap(), ask: json["ask"].as_u64()? })
}

#[test]
fn the_last_part_and_the_end_answer_one_held_poll() {
    with_target(answering(five_parts()), |address, _| async move {
        let mut client = Client::connect(address).await;
        let ticket = client.request("POST", "/long-poll?topic=a&ask=1", "", "").await;
        assert_eq!(ticket.status, 202);
        let mut after = ticket.cursor();
        // Four parts, at most one each; then the last with the end.
        loop {
            let reply = client.get(&format!("/long-poll?topic=a&ask=1&after={after}")).await;
            let events = reply.json()["events"].as_array().unwrap().clone();
            after = reply.cursor();
            if after == 6 {
                assert!(events.len() >= 2, "{events:?}");
                break;
            }
        }
    });
}

#[test]
fn asks_on_a_socket_are_answered_one_at_a_time() {
    with_target(answering(five_parts()), |address, handle| async move {
        use futures_util::SinkExt as _;
        let (mut socket, _) = websocket(address, "/ws?topic=t7").await;
        for ask in 0..2 {
            let asked_ns = now_ns();
            for said in [format!(r#"{{"ask":{ask}}}"#), r#"{"ask":77}"#.to_owned(), "hello".to_owned()] {
                within(socket.send(Message::text(said))).await.unwrap();
            }
            let mut payloads = Vec::new();
            while payloads.last().is_none_or(|last: &String| end_of(last.as_bytes()).is_none()) {
                payloads.push(message(&mut socket).await.into_text().unwrap().as_str().to_owned());
            }
            // What is no ask is a message to the topic, which comes back.
            payloads.retain(|payload| payload != r#"{"refused":77}"# && payload != "hello");
            check(&parts(payloads, ask), ask, (asked_ns, now_ns()));
            assert_eq!(handle.totals().error_replies, ask + 1);
        }
        // Of the last one it is known that it is over; another was never begun.
        for said in [r#"{"ask":1,"resume":true}"#, r#"{"ask":5,"resume":true}"#] {
            within(socket.send(Message::text(said))).await.unwrap();
        }
        assert_eq!(message(&mut socket).await.into_text().unwrap().as_str(), r#"{"refused":5}"#);
    });
}

#[test]
fn asks_are_refused_where_nothing_is_answered_and_where_a_schedule_is_for_something_else() {
    with_target(Config { answers: None, ..config() }, |address, _| async move {
        let reply = Client::connect(address).await.request("POST", "/poll?ask=1", "", "").await;
        assert_eq!(reply.status, 404, "{reply:?}");
    });
    with_target(answering(five_parts()), |address, handle| async move {
        let start_ns = now_ns();
        let far_ns = start_ns + 3_600_000 * MS;
        let edges = PhaseEdges { start_ns, measure_ns: far_ns, drain_ns: far_ns, end_ns: far_ns };
        let schedule = |topics, source| Publishing {
            events: Events {
                topics,
                source,
                shape: Shape::FLAT,
                rate: 0.0,
                arrival: Arrival::Constant,
                size: EventSize::Fixed(200),
            },
            topics: 1,
            seed: 1,
            edges,
        };
        handle.begin(schedule(Topics::PerClient, Source::Answers(five_parts().answers)));
        handle.begin(schedule(Topics::Broadcast, Source::Publisher));
        let mut client = Client::connect(address).await;
        assert_eq!(client.request("POST", "/poll?topic=all&ask=1", "", "").await.status, 409);
        let mut client = Client::connect(address).await;
        assert_eq!(client.post("/publish?topic=t0", "x").await.status, 409);
        let mut client = Client::connect(address).await;
        client.ask("POST", "/sse?topic=t0&ask=1", "", "").await;
        assert_eq!(parts(streamed(&mut client).await.0, 1).len(), 5);
        // Due in the warm-up, and nothing of it was skipped.
        let snapshot = handle.snapshot();
        assert_eq!(snapshot.histograms.get(Figure::Slip, edges.phase_at(start_ns)).unwrap().count(), 5);
        assert_eq!(snapshot.publishes_skipped, 0);
    });
}

#[test]
fn faults_meet_parts_and_the_end_comes_after_all_of_them() {
    let table: [(&str, &[u64]); 5] = [
        ("drop=5", &[1, 2, 3, 4]),
        ("drop=2", &[1, 3, 5]),
        ("duplicate=5", &[1, 2, 3, 4, 5, 5]),
        ("reorder=5", &[1, 2, 3, 4, 5]),
        ("delay=20ms", &[1, 2, 3, 4, 5]),
    ];
    for (faults, numbers) in table {
        let inject = faults.parse().ok();
        with_target(Config { inject, ..answering(five_parts()) }, |address, _| async move {
            let mut client = Client::connect(address).await;
            client.ask("POST", "/sse?ask=1", "", "").await;
            let (mut payloads, _) = streamed(&mut client).await;
            let end = payloads.pop().unwrap();
            assert_eq!(end_of(end.as_bytes()), Some(End { parts: 5, ask: 1 }), "{faults}");
            let stamps = payloads.iter().map(|payload| stamp_of(payload.as_bytes()).unwrap().n);
            assert_eq!(stamps.collect::<Vec<_>>(), numbers, "{faults}");
        });
    }
}

/// An ask with the body that clients of language models send.
fn ask_with_body(path: &str, ask: u64, body: &str, is_chunked: bool) -> String {
    let (framing, body) = if is_chunked {
        let (one, two) = body.split_at(body.len() / 2);
        let chunk = |data: &str| format!("{:x}\r\n{data}\r\n", data.len());
        ("transfer-encoding: chunked".to_owned(), format!("{}{}0\r\n\r\n", chunk(one), chunk(two)))
    } else {
        (format!("content-length: {}", body.len()), body.to_owned())
    };
    format!(
        "POST {path}?topic=t7&ask={ask} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{framing}\r\n\r\n{body}"
    )
}

#[test]
fn the_body_of_an_ask_is_read_and_its_answer_is_as_without_one() {
    const BODY: &str = r#"{"model":"some","stream":true,"messages":[{"role":"user","content":"hello"}]}"#;
    with_target(answering(five_parts()), |address, handle| async move {
        let mut client = Client::connect(address).await;
        let mut ask = 0;
        for is_chunked in [false, true] {
            for path in ["/sse", "/poll", "/long-poll"] {
                // What comes behind the body is the next request.
                let page = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
                let asked_ns = now_ns();
                client.send(format!("{}{page}", ask_with_body(path, ask, BODY, is_chunked))).await;
                if path == "/sse" {
                    let (payloads, _) = streamed(&mut client).await;
                    check(&parts(payloads, ask), ask, (asked_ns, now_ns()));
                    assert_eq!(client.reply(true).await.body, "ok\n");
                } else {
                    let ticket = client.reply(true).await;
                    assert_eq!(ticket.status, 202, "{ticket:?}");
                    assert_eq!(client.reply(true).await.body, "ok\n");
                    let place = ticket.header("location").unwrap().to_owned();
                    let payloads = within(fetched(address, &mut client, &place)).await;
                    assert_eq!(json_end(payloads.last().unwrap()), Some(End { parts: 5, ask }));
                }
                ask += 1;
            }
        }
        let totals = handle.totals();
        assert_eq!((totals.accepted, totals.error_replies), (1, 0), "{totals:?}");
    });
}

#[test]
fn the_body_of_an_ask_has_the_limit_of_a_published_one() {
    let limits = Limits { publish_body_bytes: 1000, ..Limits::default() };
    with_target(Config { limits, ..answering(five_parts()) }, |address, handle| async move {
        for path in ["/sse", "/poll", "/long-poll"] {
            for is_chunked in [false, true] {
                let mut client = Client::connect(address).await;
                client.send(ask_with_body(path, 1, &"x".repeat(1001), is_chunked)).await;
                let reply = client.reply(true).await;
                assert_eq!(
                    (reply.status, reply.body.contains("1000 bytes")),
                    (413, true),
                    "{path} {reply:?}"
                );
            }
        }
        assert_eq!(handle.totals().published, 0, "nothing was asked for");
        let mut client = Client::connect(address).await;
        client.send(ask_with_body("/poll", 1, &"x".repeat(1000), true)).await;
        assert_eq!(client.reply(true).await.status, 202);
    });
}
