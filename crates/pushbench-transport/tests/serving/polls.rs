//! Polls: how long they are held, and the reply that many of them share.

use pushbench_transport::polling::serve::write;
use pushbench_transport::server::{Batch, Event, Hold, ReplyForm, Start};
use pushbench_transport::{Kind, Settings};
use std::rc::Rc;

use crate::driver::{DATE, NOW_NS, SECOND, batch, poll, request, settings};

const LATER: &str = "Fri, 20 Nov 2026 10:05:47 GMT";
const PLAIN: ReplyForm =
    ReplyForm { head_only: false, other_origin: false, minor_version: 1, keeps_connection: true };

fn held(settings: &Settings, query: &str, jitter: f64) -> Option<Hold> {
    let kind = settings.kind();
    poll(settings, &request("GET", &format!("{}{query}", kind.path()), "1.1", ""), jitter).hold
}

fn reply(batch: &Batch, form: ReplyForm, date: &str) -> String {
    let mut out = b"before".to_vec();
    write(batch, form, date, &mut out);
    String::from_utf8(out.split_off(6)).unwrap()
}

#[test]
fn a_poll_begins_where_the_request_says() {
    for kind in [Kind::ShortPolling, Kind::LongPolling] {
        for (query, start) in [("", Start::Now), ("?after=7", Start::After(7))] {
            let asked = request("GET", &format!("{}{query}", kind.path()), "1.1", "");
            assert_eq!(poll(&kind.default_settings(), &asked, 0.0).start, start, "{kind}");
        }
    }
}

#[test]
fn only_a_long_poll_is_held_and_for_how_long_varies_by_ten_percent() {
    assert_eq!(held(&Kind::ShortPolling.default_settings(), "?timeout=5s", 0.0), None);
    let settings = settings(Kind::LongPolling, r#"{"timeout":"20s"}"#);
    let table = [
        ("", 0.0, 20 * SECOND),
        ("", -1.0, 18 * SECOND),
        ("", 1.0, 22 * SECOND),
        ("?timeout=5s", 0.0, 5 * SECOND),
        ("?timeout=0s", 1.0, 0),
        ("?timeout=1h", 0.0, 3600 * SECOND),
    ];
    for (query, jitter, hold_ns) in table {
        let expected = Hold { until_ns: NOW_NS + hold_ns, look_every_ns: None };
        assert_eq!(held(&settings, query, jitter), Some(expected), "{query} {jitter}");
    }
}

#[test]
fn with_checks_a_held_poll_is_looked_at_now_and_then() {
    let settings = settings(Kind::LongPolling, r#"{"wakeup":"check","check_interval":"5ms"}"#);
    assert_eq!(held(&settings, "", 0.0).unwrap().look_every_ns, Some(5_000_000));
}

#[test]
fn a_reply_that_many_get_is_the_same_as_one_made_anew() {
    for payload in ["{\"n\":1}", "plain", "", "ä\n\"", &"x".repeat(70_000)] {
        let news = batch(&[payload]);
        // The same batch, told of in a form that is never kept, but for one line.
        let apart = reply(&batch(&[payload]), ReplyForm { keeps_connection: false, ..PLAIN }, DATE);
        let anew = apart.replacen("connection: close\r\n", "", 1);
        assert_eq!(reply(&news, PLAIN, DATE), anew);
        assert_eq!(reply(&news, PLAIN, DATE), anew, "from what is kept");
        assert_eq!(reply(&news, PLAIN, LATER), anew.replacen(DATE, LATER, 1), "a kept date does not linger");
        assert_eq!(reply(&news, PLAIN, DATE), anew);
    }
}

#[test]
fn what_else_is_to_be_told_of_an_event_is_not_taken_from_what_is_kept() {
    let event = Rc::new(Event::new(3, "{}".to_owned()));
    let news = Batch { events: vec![event], cursor: 3, ..Batch::default() };
    let kept = reply(&news, PLAIN, DATE);
    assert!(kept.ends_with("\r\n\r\n{\"cursor\":3,\"events\":[{}]}"), "{kept}");
    let others = [
        (Batch { gap: true, ..news.clone() }, PLAIN, r#"{"cursor":3,"events":[{}],"gap":true}"#),
        (Batch { more: true, ..news.clone() }, PLAIN, r#"{"cursor":3,"events":[{}],"more":true}"#),
        (Batch { cursor: 10, ..news.clone() }, PLAIN, r#"{"cursor":10,"events":[{}]}"#),
        (news.clone(), ReplyForm { head_only: true, ..PLAIN }, ""),
    ];
    for (batch, form, body) in others {
        let told = reply(&batch, form, DATE);
        assert_eq!(told.split_once("\r\n\r\n").unwrap().1, body);
        assert!(told.contains(&format!("pushbench-cursor: {}\r\n", batch.cursor)), "{told}");
    }
    for form in [
        ReplyForm { other_origin: true, ..PLAIN },
        ReplyForm { minor_version: 0, ..PLAIN },
        ReplyForm { keeps_connection: false, ..PLAIN },
    ] {
        assert_ne!(reply(&news, form, DATE), kept, "{form:?}");
    }
    assert_eq!(reply(&news, PLAIN, DATE), kept);
}
