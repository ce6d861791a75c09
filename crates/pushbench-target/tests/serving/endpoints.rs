//! Every endpoint, asked properly and improperly.

use crate::rig::{Client, EventStream, config, until, with_target};
use pushbench_target::Limits;
use pushbench_transport::{Settings, long_polling, sse};

#[test]
fn pages_for_people_and_their_tooling() {
    with_target(config(), |address, _| async move {
        let mut client = Client::connect(address).await;
        let page = client.get("/").await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(page.body.contains("EventSource"));
        assert_eq!(client.get("/healthz").await.body, "ok\n");
        client.post("/publish", "x").await;
        let metrics = client.get("/metrics").await;
        assert_eq!(
            metrics.header("content-type"),
            Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
        );
        assert!(metrics.body.contains("\npushbench_events_published_total 1\n"), "{}", metrics.body);
        assert!(metrics.body.contains("\npushbench_requests_total 4\n"), "{}", metrics.body);
        assert!(metrics.body.ends_with("# EOF\n"));
        let head = client.request("HEAD", "/", "", "").await;
        assert_eq!((head.status, head.header("content-length")), (200, page.header("content-length")));
        assert_eq!(client.get("/healthz").await.status, 200, "the connection is still in step");
    });
}

#[test]
fn requests_that_cannot_be_served_say_why_in_one_line() {
    with_target(config(), |address, handle| async move {
        let table = [
            ("GET", "/nothing", 404, "nothing"),
            ("GET", "/poll/", 404, "nothing"),
            ("PUT", "/poll", 405, "GET, HEAD, POST"),
            ("HEAD", "/long-poll", 405, ""),
            ("POST", "/ws?ask=1", 405, "GET"),
            ("POST", "/poll", 400, "ask=7"),
            ("POST", "/long-poll?topic=a", 400, "ask=7"),
            ("POST", "/sse", 400, "ask=7"),
            ("POST", "/sse?ask=seven", 400, "ask"),
            ("HEAD", "/sse?ask=1", 400, ""),
            ("GET", "/poll?ask=1", 400, "POST"),
            ("GET", "/long-poll?ask=1", 400, "POST"),
            ("GET", "/poll?ask=1&after=0", 404, "answer"),
            ("GET", "/sse?ask=1&after=0", 404, "answer"),
            ("POST", "/publish?ask=1", 400, "transport"),
            ("PUT", "/publish", 405, "POST"),
            ("DELETE", "/", 405, "GET, HEAD"),
            ("GET", "/poll?after=x", 400, "after"),
            ("GET", "/poll?after=1&after=2", 400, "twice"),
            ("GET", "/long-poll?timeout=30", 400, "timeout"),
            ("GET", "/sse?topic=a%20b", 400, "topic"),
            ("GET", "/ws?after=-1", 400, "after"),
            ("POST", "/publish?topic=", 400, "topic"),
        ];
        let mut client = Client::connect(address).await;
        for (method, path, status, word) in table {
            let reply = client.request(method, path, "", "").await;
            assert_eq!(reply.status, status, "{method} {path}");
            assert!(reply.body.contains(word), "{method} {path}: {}", reply.body);
            assert!(method == "HEAD" || (reply.body.ends_with('\n') && reply.body.lines().count() == 1));
            assert_eq!(reply.header("allow").is_some(), status == 405, "{method} {path}");
        }
        let reply = client.request("GET", "/sse", "last-event-id: seven\r\n", "").await;
        assert_eq!((reply.status, reply.body.contains("Last-Event-ID")), (400, true));
        assert_eq!(handle.snapshot().error_replies, table.len() as u64 + 1);
        assert_eq!(handle.snapshot().accepted, 1);
    });
}

#[test]
fn malformed_http_gets_a_400_and_the_target_goes_on() {
    with_target(config(), |address, _| async move {
        let table: [&[u8]; 6] = [
            b"hello\r\n\r\n",
            b"GET /\x00 HTTP/1.1\r\nhost: a\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: many\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello",
        ];
        for bytes in table {
            let mut client = Client::connect(address).await;
            client.send(bytes).await;
            let reply = client.reply(true).await;
            assert_eq!(reply.status, 400, "{}", String::from_utf8_lossy(bytes));
            assert_eq!(reply.body, "the request is not valid HTTP/1.1\n");
            client.end().await;
        }
        let mut client = Client::connect(address).await;
        client.send("GET / HTTP/1.1\r\n\r\n").await;
        assert!(client.reply(true).await.body.contains("Host"));
        for path in ["/poll", "/sse", "/healthz"] {
            let mut client = Client::connect(address).await;
            client.send(format!("GET {path} HTTP/1.1\r\nhost: a\r\nHost: b\r\n\r\n")).await;
            let reply = client.reply(true).await;
            assert_eq!((reply.status, reply.body.contains("one Host")), (400, true), "{path}");
        }
        assert_eq!(client.get("/healthz").await.status, 200);
    });
}

#[test]
fn heads_and_bodies_have_their_limits() {
    let limits = Limits { publish_body_bytes: 1000, ..Limits::default() };
    with_target(pushbench_target::Config { limits, ..config() }, |address, handle| async move {
        for path in ["/", "/poll", "/sse"] {
            let mut client = Client::connect(address).await;
            let long = "y".repeat(9000);
            client.send(format!("GET {path} HTTP/1.1\r\nhost: a\r\nx: {long}\r\n\r\n")).await;
            let reply = client.reply(true).await;
            assert_eq!((reply.status, reply.body.as_str()), (431, "the head of the request is too large\n"));
            client.end().await;
        }

        let mut client = Client::connect(address).await;
        assert_eq!(client.post("/publish", &"x".repeat(1000)).await.status, 202);
        // Far more than the socket buffers hold: the reply must reach a client that is still sending.
        let reply = client.post("/publish", &"x".repeat(12 << 20)).await;
        assert_eq!(reply.status, 413);
        assert!(reply.body.contains("1000 bytes"), "{}", reply.body);

        let mut client = Client::connect(address).await;
        client.send("POST /publish HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n").await;
        client.send(format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001))).await;
        assert_eq!(client.reply(true).await.status, 413);

        let mut client = Client::connect(address).await;
        client.send(b"POST /publish HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n\xff\xfe").await;
        let reply = client.reply(true).await;
        assert_eq!((reply.status, reply.body.contains("UTF-8")), (400, true));
        assert_eq!(handle.snapshot().published, 1);
    });
}

#[test]
fn short_polls_tell_what_is_newer_within_their_bounds() {
    let limits = Limits { reply_events: 2, reply_bytes: 10, ..Limits::default() };
    with_target(pushbench_target::Config { limits, ring_events: 4, ..config() }, |address, _| async move {
        let mut client = Client::connect(address).await;
        let empty = client.get("/poll").await;
        assert_eq!((empty.status, empty.cursor(), empty.body.as_str()), (204, 0, ""));
        assert_eq!(empty.header("cache-control"), Some("no-store"));
        for (id, payload) in ["{\"a\":1}", "b", "0123456789abcdef", "d"].iter().enumerate() {
            let reply = client.post("/publish", payload).await;
            assert_eq!((reply.status, reply.json()["id"].as_u64()), (202, Some(id as u64 + 1)));
        }
        let table = [
            (0, r#"{"cursor":2,"events":[{"a":1},"b"],"more":true}"#),
            // A single event longer than the bound still goes out.
            (2, r#"{"cursor":3,"events":["0123456789abcdef"],"more":true}"#),
            (3, r#"{"cursor":4,"events":["d"]}"#),
            // A cursor of another life of the target.
            (9, r#"{"cursor":2,"events":[{"a":1},"b"],"gap":true,"more":true}"#),
        ];
        for (after, body) in table {
            let reply = client.get(&format!("/poll?after={after}")).await;
            assert_eq!((reply.status, reply.body.as_str()), (200, body));
            assert_eq!(reply.json()["cursor"].as_u64(), Some(reply.cursor()));
        }
        let now = client.get("/poll").await;
        assert_eq!((now.status, now.cursor()), (204, 4), "`after` omitted means from now on");
        assert_eq!(client.get("/poll?after=4").await.status, 204);
        client.post("/publish", "e").await;
        let gap = client.get("/poll?after=0").await.json();
        assert_eq!((gap["gap"].as_bool(), gap["cursor"].as_u64()), (Some(true), Some(2)));
        assert_eq!(gap["events"][0], "b");
        let other = client.get("/poll?topic=other&after=0").await;
        assert_eq!((other.status, other.cursor()), (204, 0));
    });
}

#[test]
fn a_reply_larger_than_every_buffer_is_whole_and_its_head_alone_has_its_length() {
    with_target(config(), |address, handle| async move {
        let mut client = Client::connect(address).await;
        let payload = "x".repeat(500_000);
        for _ in 0..3 {
            client.post("/publish", &payload).await;
        }
        let json = client.get("/poll?after=0").await.json();
        assert_eq!((json["cursor"].as_u64(), json["more"].as_bool()), (Some(2), Some(true)));
        assert_eq!(json["events"][1].as_str(), Some(payload.as_str()));
        let head = client.request("HEAD", "/poll?after=2", "", "").await;
        assert_eq!((head.status, head.cursor()), (200, 3));
        assert_eq!(handle.totals().sent, 2, "a head alone sends no event");
        assert_eq!(client.get("/poll?after=2").await.header("content-length"), head.header("content-length"));
    });
}

#[test]
fn an_old_client_gets_its_stream_without_chunks() {
    with_target(config(), |address, _| async move {
        let mut client = Client::connect(address).await;
        client.send("GET /sse HTTP/1.0\r\n\r\n").await;
        let (status, head) = client.head().await;
        assert_eq!((status, head.contains("transfer-encoding")), (200, false), "{head}");
        let prologue = "retry: 3000\nid: 0\n\n";
        assert_eq!(client.bytes(prologue.len()).await, prologue.as_bytes());
    });
}

#[test]
fn long_polls_answer_at_the_event_or_at_the_timeout() {
    for wakeup in ["event", "check"] {
        let settings: long_polling::Settings =
            serde_json::from_str(&format!(r#"{{"wakeup":"{wakeup}","check_interval":"5ms"}}"#)).unwrap();
        let settings = vec![Settings::LongPolling(settings)];
        with_target(pushbench_target::Config { settings, ..config() }, |address, handle| async move {
            let mut client = Client::connect(address).await;
            let empty = client.get("/long-poll?timeout=20ms").await;
            assert_eq!((empty.status, empty.cursor()), (204, 0));
            client.ask("GET", "/long-poll", "", "").await;
            until("the request is held", || handle.snapshot().requests == 2).await;
            Client::connect(address).await.post("/publish", "news").await;
            let reply = client.reply(true).await;
            assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"cursor":1,"events":["news"]}"#));
            assert_eq!(client.get("/long-poll?after=0").await.body, reply.body, "at once");
            let gap = client.get("/long-poll?after=7").await;
            assert_eq!(gap.body, r#"{"cursor":1,"events":["news"],"gap":true}"#, "at once");
            assert_eq!(handle.snapshot().sent, 3);
        });
    }
}

#[test]
fn a_client_that_leaves_frees_what_it_held() {
    with_target(config(), |address, handle| async move {
        let mut held = Client::connect(address).await;
        held.ask("GET", "/long-poll?topic=private", "", "").await;
        let stream = EventStream::open(address, "/sse?topic=private", "").await;
        let (socket, _) = crate::rig::websocket(address, "/ws?topic=private").await;
        until("all subscribe", || handle.snapshot().subscribers == 3).await;
        drop((held, stream, socket));
        until("all are gone", || handle.snapshot().subscribers == 0 && handle.snapshot().connections == 0)
            .await;
        let metrics = Client::connect(address).await.get("/metrics").await;
        assert!(
            metrics.body.contains("\npushbench_topics 0\n"),
            "an unused topic is forgotten: {}",
            metrics.body
        );
    });
}

#[test]
fn event_streams_resume_and_say_what_is_gone() {
    let settings: sse::Settings = serde_json::from_str(r#"{"retry":"1s","heartbeat":"20ms"}"#).unwrap();
    let settings = vec![Settings::Sse(settings)];
    with_target(pushbench_target::Config { settings, ring_events: 2, ..config() }, |address, _| async move {
        let mut publisher = Client::connect(address).await;
        for payload in ["one", "two", "three\nlines\rhere"] {
            publisher.post("/publish", payload).await;
        }
        let mut client = Client::connect(address).await;
        client.ask("GET", "/sse", "", "").await;
        let (_, head) = client.head().await;
        for line in ["content-type: text/event-stream", "cache-control: no-cache", "x-accel-buffering: no"] {
            assert!(head.contains(line), "{head}");
        }
        assert_eq!(client.chunk().await.unwrap(), "retry: 1000\nid: 3\n\n");
        assert_eq!(client.chunk().await.unwrap(), ":\n\n", "a heartbeat on an idle stream");

        let mut resumed = EventStream::open(address, "/sse?after=0", "last-event-id: 1\r\n").await;
        assert_eq!(resumed.prologue, "retry: 1000\nid: 1\n\n");
        assert_eq!(resumed.event().await.0, 2);
        assert_eq!(resumed.block().await.unwrap(), "id: 3\ndata: three\ndata: lines\ndata: here\n\n");

        let mut gap = EventStream::open(address, "/sse?after=0", "").await;
        assert_eq!(gap.block().await.unwrap(), "event: gap\ndata: {\"gap\":true,\"oldest\":2}\n\n");
        assert_eq!(gap.event().await.0, 2);
        let mut other_life = EventStream::open(address, "/sse", "last-event-id: 99\r\n").await;
        assert_eq!(other_life.prologue, "retry: 1000\nid: 1\n\n");
        assert!(other_life.block().await.unwrap().starts_with("event: gap\n"));
        assert_eq!(other_life.event().await.0, 2);

        let head = publisher.request("HEAD", "/sse", "", "").await;
        assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    });
}

#[test]
fn pages_elsewhere_may_read_what_they_get() {
    with_target(config(), |address, _| async move {
        let mut client = Client::connect(address).await;
        let plain = client.get("/poll").await;
        assert_eq!(plain.header("access-control-allow-origin"), None);
        let browser = client.request("GET", "/poll", "origin: http://localhost:1\r\n", "").await;
        assert_eq!(browser.header("access-control-allow-origin"), Some("*"));
        assert_eq!(browser.header("access-control-expose-headers"), Some("pushbench-cursor"));
    });
}

#[test]
fn topics_and_connections_have_their_limits() {
    let limits = Limits { topics: 2, connections: Some(2), ..Limits::default() };
    with_target(pushbench_target::Config { limits, ..config() }, |address, handle| async move {
        let mut client = Client::connect(address).await;
        assert_eq!(client.post("/publish?topic=a", "x").await.status, 202);
        assert_eq!(client.post("/publish?topic=b", "x").await.status, 202);
        let reply = client.post("/publish?topic=c", "x").await;
        assert_eq!((reply.status, reply.body.as_str()), (503, "this target already has its 2 topics\n"));
        assert_eq!(client.get("/sse?topic=c").await.status, 503);

        let second = Client::connect(address).await;
        let mut third = Client::connect(address).await;
        let reply = third.get("/healthz").await;
        assert_eq!((reply.status, reply.body.as_str()), (503, "this target already has its 2 connections\n"));
        third.end().await;
        assert_eq!(handle.snapshot().refused, 1);
        drop(second);
        until("there is room", || handle.snapshot().connections == 1).await;
        assert_eq!(Client::connect(address).await.get("/healthz").await.status, 200);
    });
}
