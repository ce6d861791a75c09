//! Server-Sent Events: chunks, resumption, heartbeats and the end.

use pushbench_transport::server::{Event, Go, Start, Stream};
use pushbench_transport::{Kind, Settings};

use crate::driver::{DATE, NOW_NS, SECOND, opened, request, settings, stream};

fn open(settings: &Settings, version: &str) -> (Box<dyn Stream>, Go) {
    let (stream, go, _) = opened(settings, &request("GET", "/sse", version, ""));
    (stream, go)
}

/// What a call appends.
fn put(call: impl FnOnce(&mut Vec<u8>) -> Go) -> (Go, String) {
    let mut out = b"before".to_vec();
    let go = call(&mut out);
    (go, String::from_utf8(out.split_off(6)).unwrap())
}

#[test]
fn a_stream_begins_where_the_request_says() {
    let table = [
        ("", "", Start::Now),
        ("?after=3", "", Start::After(3)),
        ("?after=3", "Last-Event-ID: 5\r\n", Start::After(5)),
        ("?after=3", "Last-Event-ID:\r\n", Start::After(3)),
    ];
    for (query, headers, start) in table {
        let asked = request("GET", &format!("/sse{query}"), "1.1", headers);
        assert_eq!(stream(&Kind::Sse.default_settings(), &asked).start(), start, "{query} {headers}");
    }
}

#[test]
fn events_and_marks_are_chunks_unless_the_client_is_too_old_for_them() {
    let settings = Kind::Sse.default_settings();
    let (mut new, _) = open(&settings, "1.1");
    let (mut old, _) = open(&settings, "1.0");
    for payload in ["", "two\nlines", &"x".repeat(70_000)] {
        let event = Event::new(7, payload.to_owned());
        let block = format!("id: 7\ndata: {}\n\n", payload.replace('\n', "\ndata: "));
        let chunk = format!("{:X}\r\n{block}\r\n", block.len());
        assert_eq!(new.event(&event), chunk.as_bytes());
        assert_eq!(old.event(&event), block.as_bytes());
    }
    let gap = "event: gap\ndata: {\"gap\":true,\"oldest\":9}\n\n";
    let marked = |stream: &mut Box<dyn Stream>| {
        put(|out| {
            stream.gap(9, out);
            Go::On
        })
        .1
    };
    assert_eq!(marked(&mut new), format!("2A\r\n{gap}\r\n"));
    assert_eq!(marked(&mut old), gap);
    assert_eq!(put(|out| new.shut_down(NOW_NS, out)), (Go::End, "0\r\n\r\n".to_owned()));
    assert_eq!(put(|out| old.shut_down(NOW_NS, out)), (Go::End, String::new()));
}

#[test]
fn a_heartbeat_follows_a_pause_and_an_event_puts_it_off() {
    let quarter = settings(Kind::Sse, r#"{"heartbeat":"250ms"}"#);
    let pause_ns = SECOND / 4;
    for (version, heartbeat) in [("1.1", "3\r\n:\n\n\r\n"), ("1.0", ":\n\n")] {
        let (mut stream, go) = open(&quarter, version);
        assert_eq!(go, Go::WakeAt(NOW_NS + pause_ns));
        let woken_ns = NOW_NS + pause_ns;
        let early = put(|out| stream.woken(woken_ns, NOW_NS + 1, out));
        assert_eq!(early, (Go::WakeAt(woken_ns + 1), String::new()), "an event was sent after the head");
        let due = put(|out| stream.woken(woken_ns + 1, NOW_NS + 1, out));
        assert_eq!(due, (Go::WakeAt(woken_ns + 1 + pause_ns), heartbeat.to_owned()));
        let late = put(|out| stream.woken(NOW_NS + 9 * SECOND, NOW_NS, out));
        assert_eq!(late, (Go::WakeAt(NOW_NS + 9 * SECOND + pause_ns), heartbeat.to_owned()), "one, not many");
    }
    let (mut silent, go) = open(&settings(Kind::Sse, r#"{"heartbeat":"0s"}"#), "1.1");
    assert_eq!(go, Go::On);
    assert_eq!(put(|out| silent.woken(NOW_NS + SECOND, NOW_NS, out)), (Go::On, String::new()));
}

#[test]
fn what_a_client_sends_is_passed_over() {
    let (mut stream, _) = open(&Kind::Sse.default_settings(), "1.1");
    let asked = request("GET", "/sse", "1.1", "");
    assert_eq!(put(|out| stream.received(&asked, NOW_NS, &mut Vec::new(), out)), (Go::On, String::new()));
}

#[test]
fn the_client_half_reads_what_the_serving_half_writes() {
    use pushbench_transport::client::{Direction, Identity, Note, Observer, Part};
    #[derive(Default)]
    struct Payloads(Vec<String>);
    impl Observer for Payloads {
        fn event(&mut self, payload: &[u8]) {
            self.0.push(String::from_utf8(payload.to_vec()).unwrap());
        }
        fn ready(&mut self) {}
        fn note(&mut self, note: Note) {
            assert_eq!(note, Note::Request);
        }
        fn reclassify(&mut self, _: Direction, _: Part, _: u64) {}
    }

    let settings = Kind::Sse.default_settings();
    let identity = Identity { host: "a".into(), topic: "all".into(), seed: 1, phase: 0.0, resume: true };
    let mut client = settings.subscriber(identity);
    let mut payloads = Payloads::default();
    let mut asked = Vec::new();
    client.connected(&mut pushbench_transport::Io { now_ns: 1, out: &mut asked, observer: &mut payloads });
    let mut stream = stream(&settings, &asked);
    let mut out = Vec::new();
    stream.open(0, DATE, NOW_NS, &mut out);
    for (id, payload) in (1..).zip(["{}", "two\nlines"]) {
        out.extend_from_slice(stream.event(&Event::new(id, payload.to_owned())));
    }
    for byte in out {
        let mut none = Vec::new();
        let mut io = pushbench_transport::Io { now_ns: 2, out: &mut none, observer: &mut payloads };
        client.received(&[byte], &mut io);
    }
    assert_eq!(payloads.0, ["{}", "two\nlines"]);
}
