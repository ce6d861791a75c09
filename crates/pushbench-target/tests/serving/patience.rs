//! How long a client may take, and what is taken for its next request.

use crate::rig::{Client, EventStream, config, until, with_target, within};
use pushbench_target::Limits;
use std::time::Duration;

#[test]
fn a_head_that_dribbles_is_closed_and_an_idle_connection_is_not() {
    let limits = Limits { head_timeout: Duration::from_millis(200), ..Limits::default() };
    with_target(pushbench_target::Config { limits, ..config() }, |address, handle| async move {
        let mut idle = Client::connect(address).await;
        assert_eq!(idle.get("/healthz").await.status, 200);
        let dribbler = Client::connect(address).await;
        let mut second_head = Client::connect(address).await;
        second_head.get("/healthz").await;
        second_head.send("GET / HT").await;
        let mut silent = Client::connect(address).await;
        let dribbling = async {
            loop {
                if dribbler.stream.try_write(b"G").is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        within(dribbling).await;
        silent.end().await;
        second_head.end().await;
        assert_eq!(idle.get("/healthz").await.status, 200);
        until("the closed ones are gone", || handle.snapshot().connections == 1).await;
    });
}

#[test]
fn half_a_head_behind_any_request_has_the_time_of_a_head() {
    let limits = Limits { head_timeout: Duration::from_millis(200), ..Limits::default() };
    let publish = |framing: &str| format!("POST /publish HTTP/1.1\r\nhost: a\r\n{framing}");
    let page = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n".to_owned();
    let asked = [
        publish("content-length: 4\r\n\r\nnews"),
        publish("transfer-encoding: chunked\r\n\r\n4\r\nnews\r\n0\r\n\r\n"),
        publish("content-length: 1\r\n\r\n\u{1}") + &page,
        "GET /nothing HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(),
        // Answered where events are served, before and after others are not.
        "GET /poll HTTP/1.1\r\nhost: a\r\n\r\n".to_owned() + &page,
        page.clone() + "GET /poll HTTP/1.1\r\nhost: a\r\n\r\n",
        page.repeat(40),
        page,
    ];
    with_target(pushbench_target::Config { limits, ..config() }, |address, _| async move {
        let mut clients = Vec::new();
        for asked in asked {
            let mut client = Client::connect(address).await;
            client.send(asked + "GET / HT").await;
            clients.push(client);
        }
        for mut client in clients {
            client.end().await;
        }
    });
}

#[test]
fn what_is_left_of_a_body_that_nobody_reads_is_no_request() {
    const HIDDEN: &str = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
    let length = format!("content-length: {}\r\n\r\n", HIDDEN.len());
    let chunked = format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n", HIDDEN.len());
    // How much of the body comes before the reply.
    let table = [
        ("POST /publish", &length, 0, 413),
        ("POST /publish", &length, 11, 413),
        ("POST /publish", &chunked, 11, 413),
        ("POST /nothing", &length, 0, 404),
        ("POST /nothing", &chunked, 11, 404),
        ("PUT /poll", &length, 11, 405),
        ("GET /", &length, 0, 200),
        ("GET /", &chunked, 0, 200),
    ];
    let limits = Limits { publish_body_bytes: 10, ..Limits::default() };
    with_target(pushbench_target::Config { limits, ..config() }, |address, handle| async move {
        for (requests, (asked, framing, early, status)) in (1..).zip(table) {
            let mut client = Client::connect(address).await;
            let (before, after) = HIDDEN.split_at(early);
            client.send(format!("{asked} HTTP/1.1\r\nhost: a\r\n{framing}{before}")).await;
            assert_eq!(client.reply(true).await.status, status, "{asked} {framing}");
            // The target may be gone by then.
            let _ = client.stream.try_write(after.as_bytes());
            client.end().await;
            assert_eq!(handle.totals().requests, requests, "{asked} {framing}");
        }
    });
}

#[test]
fn a_connection_without_a_next_request_is_closed() {
    let limits = Limits { idle_timeout: Duration::from_millis(100), ..Limits::default() };
    with_target(pushbench_target::Config { limits, ..config() }, |address, _| async move {
        let mut stream = EventStream::open(address, "/sse", "").await;
        let mut client = Client::connect(address).await;
        client.get("/healthz").await;
        client.end().await;
        let mut body = Client::connect(address).await;
        body.send("POST /publish HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nx").await;
        assert_eq!(body.reply(true).await.status, 408);
        // A stream is no idle connection.
        Client::connect(address).await.post("/publish", "late").await;
        assert_eq!(stream.event().await, (1, "late".to_owned()));
    });
}
