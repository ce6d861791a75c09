//! Cases of the web platform's own tests for event streams, and bytes cut anywhere.

use super::*;
use crate::sse::wire::{HEARTBEAT, encode_event, encode_gap, encode_prologue};
use proptest::prelude::*;

#[derive(Debug, Default, PartialEq)]
struct Seen {
    /// Type and data of each event.
    events: Vec<(Vec<u8>, Vec<u8>)>,
    retries: Vec<u64>,
    last_id: Vec<u8>,
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Seen {
    let (mut parser, mut seen) = (Parser::default(), Seen::default());
    for piece in pieces {
        let sink = |item: Item<'_>| match item {
            Item::Event { kind, data } => seen.events.push((kind.to_vec(), data.to_vec())),
            Item::Retry(millis) => seen.retries.push(millis),
        };
        parser.feed(piece, sink).unwrap();
    }
    seen.last_id = parser.last_event_id().to_vec();
    seen
}

/// The data of every event.
fn data(stream: &str) -> Vec<String> {
    let events = read([stream.as_bytes()]).events;
    events.into_iter().map(|(_, data)| String::from_utf8(data).unwrap()).collect()
}

#[test]
fn data_is_what_the_web_platform_tests_expect() {
    let table: &[(&str, &[&str])] = &[
        ("data: a\n\n", &["a"]),
        // A byte order mark is skipped once, and only at the front.
        ("\u{feff}data:1\n\n\u{feff}data:2\n\ndata:3\n\n", &["1", "3"]),
        ("\u{feff}\u{feff}data:1\n\ndata:2\n\ndata:3\n\n", &["2", "3"]),
        // Line ends may be mixed.
        ("data:test\r\ndata:test\n\ndata:test\r\r", &["test\ntest", "test"]),
        ("data:a\r\rdata:b\r\n\r\ndata:c\n\r\n", &["a", "b", "c"]),
        ("data\n\ndata\ndata\n\ndata:test\n\n", &["", "\n", "test"]),
        ("data:\n\n", &[""]),
        ("data: \n\n", &[""]),
        // One space is taken off, no more, and no tab.
        ("data:\ttest\rdata: \ndata:test\n\n", &["\ttest\n\ntest"]),
        ("data:  x \n\n", &[" x "]),
        ("data: a:b: c\n\n", &["a:b: c"]),
        // Comments, also long ones and such with CR.
        (":\0\ndata:1\r:\ndata:2\n:x\ndata:3\r:data:fail\rdata:4\n\n", &["1\n2\n3\n4"]),
        // Only exact field names count.
        (
            "data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacomment\n:\ndata:end\n\n",
            &["test\n\nend"],
        ),
        ("Data: x\n\n data: x\n\ndata : x\n\n", &[]),
        // NUL is data like any other.
        ("data:\0\n\n\n\n", &["\0"]),
        // What has not ended is no event.
        ("data: a\n\ndata: b\n", &["a"]),
        ("data: a", &[]),
        ("\n\n\nevent: x\n\nid: 3\n\n", &[]),
        ("data: ok\u{2026}\n\n", &["ok\u{2026}"]),
    ];
    for (stream, expected) in table {
        assert_eq!(data(stream), *expected, "{stream:?}");
    }
}

#[test]
fn the_type_lasts_for_one_block() {
    let seen = read([
        b"event: gap\ndata: a\n\ndata: b\n\nevent: c\nevent:d\ndata\n\nevent: e\n\ndata\n\n".as_slice()
    ]);
    let kinds: Vec<_> = seen.events.iter().map(|(kind, _)| kind.as_slice()).collect();
    assert_eq!(kinds, [b"gap".as_slice(), b"", b"d", b""]);
}

#[test]
fn the_id_counts_at_the_end_of_its_block() {
    let table = [
        ("id: 1\ndata: x\n\n", "1"),
        ("id: 1\n\n", "1"),
        ("id: 1\ndata: x\n", ""),
        ("id: 1\n\nid: 2\ndata: x\n", "1"),
        ("id: 1\n\ndata: x\n\n", "1"),
        // An empty id clears it, as does a field without colon.
        ("id: 1\n\nid:\n\n", ""),
        ("id: 1\n\nid\n\n", ""),
        // An id with NUL is ignored.
        ("id: 1\n\nid: 2\0\n\n", "1"),
        ("id: \u{2026}\n\n", "\u{2026}"),
    ];
    for (stream, expected) in table {
        assert_eq!(read([stream.as_bytes()]).last_id, expected.as_bytes(), "{stream:?}");
    }
}

#[test]
fn retry_takes_digits_only() {
    let table: &[(&str, &[u64])] = &[
        ("retry: 3000\n", &[3000]),
        ("retry:0\r", &[0]),
        ("retry:1000x\n", &[]),
        ("retry: -1\n", &[]),
        ("retry: +1\n", &[]),
        ("retry:  1\n", &[]),
        ("retry\n", &[]),
        ("retry:\n", &[]),
        ("retry: 99999999999999999999999\n", &[]),
        ("retry:1\nretry:2\n", &[1, 2]),
        ("retry:1", &[]),
    ];
    for (stream, expected) in table {
        assert_eq!(read([stream.as_bytes()]).retries, *expected, "{stream:?}");
    }
}

#[test]
fn a_new_stream_keeps_the_last_id_and_nothing_else() {
    let mut parser = Parser::default();
    parser.feed(b"id: 7\n\nevent: gap\nid: 8\ndata: half", |_| ()).unwrap();
    parser.restart();
    assert_eq!(parser.last_event_id(), b"7");
    let mut events = 0;
    let sink = |item: Item<'_>| {
        assert_eq!(item, Item::Event { kind: b"", data: b"whole" });
        events += 1;
    };
    parser.feed(b"\xef\xbb\xbfdata: whole\n\n", sink).unwrap();
    assert_eq!((events, parser.last_event_id()), (1, b"7".as_slice()));
}

#[test]
fn an_event_without_end_is_given_up() {
    let megabyte = vec![b'x'; 1 << 20];
    let mut lines = Parser::default();
    let mut one_line = Parser::default();
    let data_line = [b"data: ".as_slice(), &megabyte, b"\n"].concat();
    let ends = (0..17).map(|_| (lines.feed(&data_line, |_| ()), one_line.feed(&megabyte, |_| ())));
    let ends: Vec<_> = ends.collect();
    assert_eq!(ends[15].0, Err(WireError::TooLong));
    assert_eq!(ends[15].1, Ok(()));
    assert_eq!(ends[16], (Err(WireError::TooLong), Err(WireError::TooLong)));
}

#[test]
fn a_whole_event_is_handed_out_where_it_stands() {
    let stream = encode_event(7, "payload");
    let within = stream.as_ptr_range();
    let sink = |item: Item<'_>| match item {
        Item::Event { data, .. } => assert!(within.contains(&data.as_ptr())),
        Item::Retry(_) => panic!("no retry was sent"),
    };
    let mut parser = Parser::default();
    parser.feed(&stream, sink).unwrap();
    assert!(parser.begun.is_none());
}

proptest! {
    #[test]
    fn a_stream_cut_anywhere_gives_the_same_events(
        payloads in prop::collection::vec("[a-z:é \n]{0,30}", 0..8),
        piece in 1usize..12,
        line_end in prop::sample::select(vec!["\n", "\r", "\r\n"]),
        bom: bool,
    ) {
        let mut stream = encode_prologue(crate::Period::from_millis(250), 41).to_vec();
        for (at, payload) in payloads.iter().enumerate() {
            stream.extend_from_slice(&encode_event(42 + at as u64, payload));
            stream.extend_from_slice(HEARTBEAT);
        }
        stream.extend_from_slice(&encode_gap(99));
        let text = String::from_utf8(stream).unwrap().replace('\n', line_end);
        let stream = if bom { format!("\u{feff}{text}") } else { text };

        let seen = read(stream.as_bytes().chunks(piece));
        let mut expected: Vec<_> =
            payloads.iter().map(|payload| (vec![], payload.clone().into_bytes())).collect();
        expected.push((b"gap".to_vec(), br#"{"gap":true,"oldest":99}"#.to_vec()));
        prop_assert_eq!(&seen.events, &expected);
        prop_assert_eq!(&seen.retries, &[250]);
        prop_assert_eq!(seen.last_id, (41 + payloads.len()).to_string().into_bytes());
    }

    #[test]
    fn any_bytes_cut_anywhere_give_the_same(
        bytes in prop::collection::vec(prop::sample::select(b"\xef\xbb\xbfdataidretryevent:: \n\r\n\r17\0".to_vec()), 0..200),
        piece in 1usize..7,
    ) {
        prop_assert_eq!(read(bytes.chunks(piece)), read([bytes.as_slice()]));
    }

    #[test]
    fn any_bytes_are_safe(bytes: Vec<u8>) {
        let _ = read([bytes.as_slice()]);
    }
}
