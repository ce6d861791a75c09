//! Connections that change what they are used for: the HTTP library has them, gives them back, and gets them again.

use crate::rig::{Client, HttpReply, config, until, with_target};
use pushbench_target::Limits;
use pushbench_transport::{Settings, sse};

#[test]
fn one_connection_carries_a_page_polls_publishes_and_at_last_a_stream() {
    with_target(config(), |address, handle| async move {
        let mut client = Client::connect(address).await;
        for round in 1..4 {
            assert_eq!(client.get("/").await.status, 200);
            assert_eq!(client.get("/poll").await.cursor(), round - 1);
            assert_eq!(client.post("/publish", "news").await.status, 202);
            let reply = client.get(&format!("/long-poll?after={}", round - 1)).await;
            assert_eq!((reply.status, reply.cursor()), (200, round));
            assert_eq!(client.request("PUT", "/poll", "", "a body").await.status, 405);
            assert_eq!(client.request("GET", "/poll", "", "a body").await.status, 400);
        }
        client.post("/publish", "fourth").await;
        client.ask("GET", "/sse?after=3", "", "").await;
        assert_eq!(client.head().await.0, 200);
        assert!(client.chunk().await.unwrap().starts_with("retry: "));
        assert_eq!(client.chunk().await.unwrap(), "id: 4\ndata: fourth\n\n");
        let totals = handle.totals();
        assert_eq!((totals.accepted, totals.requests, totals.error_replies), (1, 3 * 6 + 2, 6));
        drop(client);
        until("it is gone", || handle.totals().connections == 0).await;
    });
}

/// A request with nothing special about it.
fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")
}

#[test]
fn requests_in_a_row_are_answered_in_order_whoever_answers_them() {
    with_target(config(), |address, handle| async move {
        let paths = ["/poll", "/healthz", "/poll?after=0", "/nothing", "/poll", "/poll?after=x", "/healthz"];
        let publish = "POST /publish HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx";
        let all: String = std::iter::once(publish.to_owned()).chain(paths.map(get)).collect();
        let statuses = [202, 204, 200, 200, 404, 204, 400, 200];
        // At once, and in pieces that cut every head.
        for piece in [all.len(), 7, 50] {
            let mut client = Client::connect(address).await;
            for part in all.as_bytes().chunks(piece) {
                client.send(part).await;
                tokio::task::yield_now().await;
            }
            for status in statuses {
                let reply: HttpReply = client.reply(true).await;
                assert_eq!(reply.status, status, "{piece}: {reply:?}");
            }
            assert_eq!(client.get("/poll").await.status, 204, "{piece}: still in step");
        }
        assert_eq!(handle.totals().requests, 3 * 9);
    });
}

#[test]
fn requests_behind_a_held_poll_wait_for_its_answer() {
    with_target(config(), |address, handle| async move {
        let mut client = Client::connect(address).await;
        client.send([get("/long-poll"), get("/healthz"), get("/poll")].concat()).await;
        until("the first is held", || handle.totals().subscribers == 1).await;
        Client::connect(address).await.post("/publish", "news").await;
        assert_eq!(client.reply(true).await.body, r#"{"cursor":1,"events":["news"]}"#);
        assert_eq!(client.reply(true).await.body, "ok\n");
        assert_eq!(client.reply(true).await.cursor(), 1);
        // Far more behind a held poll than is read before its answer.
        client.ask("GET", "/long-poll", "", "").await;
        until("it is held", || handle.totals().subscribers == 1).await;
        let asked = 4000;
        let flood = get("/poll?after=1").repeat(asked);
        let (reader, writer) = client.stream.split();
        let (reading, writing) = (count_replies(reader, asked + 1), write_all(writer, flood.into_bytes()));
        let publishing = async { Client::connect(address).await.post("/publish", "more").await };
        tokio::join!(reading, writing, publishing);
    });
}

async fn write_all(mut writer: tokio::net::tcp::WriteHalf<'_>, bytes: Vec<u8>) {
    use tokio::io::AsyncWriteExt as _;
    crate::rig::within(writer.write_all(&bytes)).await.unwrap();
}

/// Reads until so many responses have begun.
async fn count_replies(mut reader: tokio::net::tcp::ReadHalf<'_>, count: usize) {
    use tokio::io::AsyncReadExt as _;
    let mut bytes = Vec::new();
    let replies = |bytes: &[u8]| bytes.windows(9).filter(|window| *window == b"HTTP/1.1 ").count();
    while replies(&bytes) < count {
        assert!(crate::rig::within(reader.read_buf(&mut bytes)).await.unwrap() > 0);
    }
}

#[test]
fn what_a_client_asked_before_it_ended_its_side_is_answered_but_nothing_goes_on() {
    with_target(config(), |address, handle| async move {
        Client::connect(address).await.post("/publish", "x").await;
        let mut asked = Client::connect(address).await;
        asked.send([get("/poll?after=0"), get("/poll?after=0")].concat()).await;
        end_of_sending(&asked);
        for _ in 0..2 {
            assert_eq!(asked.reply(true).await.cursor(), 1);
        }
        asked.end().await;
        for path in ["/long-poll", "/sse"] {
            let mut held = Client::connect(address).await;
            held.ask("GET", path, "", "").await;
            until("it subscribes", || handle.totals().subscribers == 1).await;
            end_of_sending(&held);
            held.end().await;
            until("it is gone", || handle.totals().subscribers == 0).await;
        }
        let mut half = Client::connect(address).await;
        half.send("GET /poll HTTP/1.1\r\nho").await;
        end_of_sending(&half);
        half.end().await;
        until("all are gone", || handle.totals().connections == 0).await;
    });
}

fn end_of_sending(client: &Client) {
    pushbench_probe::socket::end_of_writing(&client.stream).unwrap();
}

#[test]
fn a_request_with_more_fields_than_are_understood_is_refused_once() {
    let limits = Limits { head_bytes: 16 << 10, ..Limits::default() };
    with_target(pushbench_target::Config { limits, ..config() }, |address, _| async move {
        let mut client = Client::connect(address).await;
        let reply = client.request("GET", "/poll", &"x: y\r\n".repeat(80), "").await;
        assert_eq!((reply.status, reply.body.lines().count()), (431, 1), "{}", reply.body);
        client.end().await;
        // The HTTP library writes a target in another form.
        let mut absolute = Client::connect(address).await;
        assert_eq!(absolute.get("http://test/poll").await.status, 204);
        assert_eq!(absolute.get("/poll").await.status, 204);
    });
}

#[test]
fn an_idle_stream_is_given_its_heartbeats_in_time() {
    let settings: sse::Settings = serde_json::from_str(r#"{"heartbeat":"20ms"}"#).unwrap();
    let settings = vec![Settings::Sse(settings)];
    with_target(pushbench_target::Config { settings, ..config() }, |address, _| async move {
        let mut client = Client::connect(address).await;
        client.ask("GET", "/sse", "", "").await;
        client.head().await;
        client.chunk().await;
        for _ in 0..5 {
            assert_eq!(client.chunk().await.unwrap(), ":\n\n");
        }
    });
}
