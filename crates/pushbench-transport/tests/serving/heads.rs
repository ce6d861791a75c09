//! What is answered to which request, to the byte: as the HTTP library behind the other paths writes it.

use pushbench_transport::Kind;
use pushbench_transport::server::{Batch, Parsed, Refusal, ReplyForm, parse};

use crate::driver::{DATE, UPGRADE, batch, last_response, request, response};

/// Version, header fields of the request, and what the response says of them.
const VARIANTS: [(&str, &str, &str); 7] = [
    ("1.1", "", ""),
    ("1.1", "Connection: close\r\n", "connection: close\r\n"),
    ("1.0", "", ""),
    ("1.0", "Connection: keep-alive\r\n", "connection: keep-alive\r\n"),
    ("1.0", "Connection: close, keep-alive\r\n", ""),
    ("1.1", "Origin: http://x\r\n", ORIGIN),
    (
        "1.1",
        "origin: null\r\nconnection: x, Close\r\n",
        "access-control-allow-origin: *\r\naccess-control-expose-headers: pushbench-cursor\r\nconnection: close\r\n",
    ),
];
const ORIGIN: &str = "access-control-allow-origin: *\r\naccess-control-expose-headers: pushbench-cursor\r\n";
const STREAM: &str =
    "content-type: text/event-stream\r\ncache-control: no-cache\r\nx-accel-buffering: no\r\n";

/// A response in parts: the words on origin and connection stand between `fields` and `length`.
struct Parts<'a> {
    status: &'a str,
    fields: &'a str,
    length: &'a str,
    body: &'a str,
}

impl Parts<'_> {
    fn whole(&self, version: &str, words: &str) -> String {
        let Self { status, fields, length, body } = self;
        format!("HTTP/{version} {status}\r\n{fields}{words}{length}date: {DATE}\r\n\r\n{body}")
    }
}

#[test]
fn polls_and_refusals_have_every_form_that_a_request_can_ask_for() {
    let nothing = Batch { cursor: 7, ..Batch::default() };
    let two = batch(&["{\"a\":1}", "b"]);
    let full = Batch { gap: true, more: true, ..two.clone() };
    let empty = Parts {
        status: "204 No Content",
        fields: "cache-control: no-store\r\npushbench-cursor: 7\r\n",
        length: "",
        body: "",
    };
    let fields = "content-type: application/json\r\ncache-control: no-store\r\npushbench-cursor: 2\r\n";
    let (status, body) = ("200 OK", r#"{"cursor":2,"events":[{"a":1},"b"]}"#);
    let events = Parts { status, fields, length: "content-length: 35\r\n", body };
    let head = Parts { body: "", ..events };
    let body = r#"{"cursor":2,"events":[{"a":1},"b"],"gap":true,"more":true}"#;
    let marked = Parts { status, fields, length: "content-length: 58\r\n", body };
    let refused = Parts {
        status: "400 Bad Request",
        fields: "content-type: text/plain; charset=utf-8\r\n",
        length: "content-length: 59\r\n",
        body: "after must be the id of an event: a whole number from 0 on\n",
    };
    let refused_head = Parts { body: "", ..refused };
    let table = [
        ("GET", "", &nothing, &empty),
        ("HEAD", "", &nothing, &empty),
        ("GET", "?after=0", &two, &events),
        ("HEAD", "?after=0", &two, &head),
        ("GET", "?after=0", &full, &marked),
        ("GET", "?after=x", &nothing, &refused),
        ("HEAD", "?after=x", &nothing, &refused_head),
    ];
    for kind in [Kind::ShortPolling, Kind::LongPolling] {
        for (version, headers, words) in VARIANTS {
            for (method, query, batch, parts) in table {
                let request = request(method, &format!("{}{query}", kind.path()), version, headers);
                let expected = parts.whole(version, words);
                assert_eq!(response(&kind.default_settings(), &request, batch), expected, "{kind}");
            }
        }
    }
}

#[test]
fn an_event_stream_begins_with_its_prologue_and_a_head_alone_is_whole() {
    let settings = Kind::Sse.default_settings();
    let batch = Batch { cursor: 41, ..Batch::default() };
    let prologue = "retry: 3000\nid: 41\n\n";
    for (version, headers, words) in VARIANTS {
        let chunked = Parts {
            status: "200 OK",
            fields: STREAM,
            length: "transfer-encoding: chunked\r\n",
            body: &format!("14\r\n{prologue}\r\n"),
        };
        let plain = Parts { length: "", body: prologue, ..chunked };
        // A body that ends with the connection is the last thing on it, whatever the client asked for.
        let expected =
            if version == "1.0" { plain.whole(version, "") } else { chunked.whole(version, words) };
        assert_eq!(response(&settings, &request("GET", "/sse", version, headers), &batch), expected);
        let head = Parts { status: "200 OK", fields: STREAM, length: "", body: "" };
        let asked = request("HEAD", "/sse", version, headers);
        assert_eq!(response(&settings, &asked, &batch), head.whole(version, words));
    }
    let asked = request("GET", "/sse", "1.1", "last-event-id: seven\r\n");
    let refused = response(&settings, &asked, &batch);
    assert!(refused.starts_with("HTTP/1.1 400 ") && refused.contains("Last-Event-ID"), "{refused}");
}

#[test]
fn a_driver_that_ends_the_connection_is_answered_as_a_client_that_wants_it_to_end() {
    let batch = batch(&["a"]);
    for kind in Kind::ALL {
        let settings = kind.default_settings();
        for (method, query) in [("GET", ""), ("HEAD", ""), ("GET", "?after=x")] {
            for version in ["1.0", "1.1"] {
                let asked = |option| {
                    let fields = format!("origin: null\r\nconnection: {option}\r\n");
                    request(method, &format!("{}{query}", kind.path()), version, &fields)
                };
                let last = last_response(&settings, &asked("keep-alive"), &batch);
                assert_eq!(last, response(&settings, &asked("close"), &batch));
                assert_eq!(last.contains("close\r\n"), version == "1.1", "{last}");
                assert!(!last.contains("keep-alive"), "{last}");
            }
        }
    }
}

#[test]
fn an_upgrade_is_accepted_as_the_standard_says() {
    // RFC 6455, section 1.3.
    let fields = "connection: Upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\npushbench-cursor: 5\r\n";
    let parts = Parts { status: "101 Switching Protocols", fields, length: "", body: "" };
    let settings = Kind::WebSocket.default_settings();
    let batch = Batch { cursor: 5, ..Batch::default() };
    for (headers, words) in [("", ""), ("Origin: http://x\r\n", ORIGIN)] {
        let asked = request("GET", "/ws", "1.1", &format!("{headers}{UPGRADE}"));
        assert_eq!(response(&settings, &asked, &batch), parts.whole("1.1", words));
    }
}

#[test]
fn an_upgrade_that_is_not_proper_is_refused_with_what_is_missing() {
    const UPGRADE_REQUIRED: &str = "426 Upgrade Required";
    let without = |name: &str| -> String {
        UPGRADE.split_inclusive("\r\n").filter(|line| !line.starts_with(name)).collect()
    };
    let table = [
        ("GET", "1.1", String::new(), UPGRADE_REQUIRED, "WebSocket"),
        ("GET", "1.1", without("Upgrade"), UPGRADE_REQUIRED, "WebSocket"),
        ("GET", "1.1", without("Connection"), UPGRADE_REQUIRED, "WebSocket"),
        ("GET", "1.1", without("Sec-WebSocket-Version"), UPGRADE_REQUIRED, "13"),
        ("GET", "1.1", UPGRADE.replace("13", "8"), UPGRADE_REQUIRED, "13"),
        ("GET", "1.1", without("Sec-WebSocket-Key"), "400 Bad Request", "Sec-WebSocket-Key"),
        ("GET", "1.1", UPGRADE.replace("dGhl", ""), "400 Bad Request", "Sec-WebSocket-Key"),
        ("GET", "1.0", UPGRADE.to_owned(), "400 Bad Request", "HTTP/1.1"),
        ("POST", "1.1", UPGRADE.to_owned(), "405 Method Not Allowed", "GET"),
    ];
    let settings = Kind::WebSocket.default_settings();
    for (method, version, headers, status, word) in table {
        let refused = response(&settings, &request(method, "/ws", version, &headers), &Batch::default());
        let (head, body) = refused.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/{version} {status}\r\n")), "{head}");
        assert!(body.contains(word) && body.lines().count() == 1, "{body}");
        let instead = "\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n";
        assert_eq!(head.contains(instead), status == UPGRADE_REQUIRED, "{head}");
        assert_eq!(head.contains("\r\nallow: GET\r\n"), method == "POST", "{head}");
    }
    let closing =
        response(&settings, &request("GET", "/ws", "1.1", "Connection: close\r\n"), &Batch::default());
    assert!(closing.contains("\r\nconnection: Upgrade, close\r\nupgrade: websocket\r\n"), "{closing}");
}

#[test]
fn a_refused_post_from_another_page_is_not_told_that_it_may_read() {
    let asked = request("POST", "/poll", "1.1", "Origin: http://x\r\n");
    let Parsed::Complete(form, _) = parse(&asked, ReplyForm::of) else { panic!("not a head") };
    let mut out = Vec::new();
    Refusal::method_not_allowed("GET, HEAD").write(form, DATE, &mut out);
    let expected = format!(
        "HTTP/1.1 405 Method Not Allowed\r\ncontent-type: text/plain; charset=utf-8\r\nallow: GET, HEAD\r\n\
         content-length: 27\r\ndate: {DATE}\r\n\r\nthis path allows GET, HEAD\n"
    );
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}
