//! What the fast reader makes of any frames is what the library makes of them.

use super::*;
use proptest::prelude::*;
use std::ops::Range;

/// What was found, the answers without their masks, and how it ended.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    /// `None` is a close.
    found: Vec<Option<Vec<u8>>>,
    answers: Vec<(u8, Vec<u8>)>,
    fault: Option<WireError>,
}

/// Frames of a client: all masked, and short.
fn unmasked(mut out: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some((head, rest)) = out.split_at_checked(2) {
        assert_eq!(head[1] & 0x80, 0x80, "masked");
        let (mask, rest) = rest.split_at(4);
        let (payload, rest) = rest.split_at(usize::from(head[1] & 0x7f));
        let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        frames.push((head[0], payload.collect()));
        out = rest;
    }
    frames
}

/// Plays the pieces, and a close of ours before the piece of that number.
fn play(pieces: &[&[u8]], close_at: usize) -> (Outcome, Outcome) {
    let (mut fast, mut slow) = (Outcome::default(), Outcome::default());
    let (mut connection, mut masks, mut out) = (Connection::new(), Random::new(7), Vec::new());
    for (at, piece) in pieces.iter().enumerate() {
        let mut answers = Answers { out: &mut out, masks: &mut masks };
        if at == close_at {
            connection.close(&mut answers);
        }
        if let Err(fault) = connection.feed(piece, &mut answers, |found| fast.found.push(owned(found))) {
            fast.fault = Some(fault);
            break;
        }
    }
    fast.answers = unmasked(&out);

    let (mut library, mut out) = (Library::new(), Vec::new());
    for (at, piece) in pieces.iter().enumerate() {
        if at == close_at {
            library.close(CloseCode::Normal, &mut out);
        }
        if let Err(fault) = library.feed(piece, &mut out, |found| slow.found.push(owned(found))) {
            slow.fault = Some(fault);
            break;
        }
    }
    slow.answers = unmasked(&out);
    (fast, slow)
}

fn owned(found: Found<'_>) -> Option<Vec<u8>> {
    match found {
        Found::Message(payload) => Some(payload.to_vec()),
        Found::Close => None,
    }
}

fn frame(first: u8, payload: &[u8], mask: bool) -> Vec<u8> {
    let mut out = vec![first];
    let masked = if mask { 0x80 } else { 0 };
    match payload.len() {
        short @ ..126 => out.push(masked | short as u8),
        long => {
            out.push(masked | 0x7e);
            out.extend_from_slice(&(long as u16).to_be_bytes());
        }
    }
    if mask {
        out.extend_from_slice(&[0; 4]);
    }
    out.extend_from_slice(payload);
    out
}

fn payload(lengths: Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    "[a-zé😀]{0,200}".prop_perturb(move |text, mut random| {
        let length = random.random_range(lengths.clone());
        text.into_bytes().into_iter().cycle().take(length).collect()
    })
}

/// Mostly what servers send, and anything else now and then.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "[a-zé😀]{0,200}".prop_map(|text| frame(0x81, text.as_bytes(), false)),
        2 => payload(0..400).prop_map(|data| frame(0x82, &data, false)),
        2 => payload(0..126).prop_map(|data| frame(0x89, &data, false)),
        1 => payload(0..126).prop_map(|data| frame(0x8a, &data, false)),
        // Fragments: the first, one in the middle, the last.
        1 => (prop::sample::select(vec![0x01, 0x02, 0x00, 0x80]), payload(0..20))
            .prop_map(|(first, data)| frame(first, &data, false)),
        1 => (any::<u8>(), payload(0..200), any::<bool>())
            .prop_map(|(first, data, mask)| frame(first, &data, mask)),
        1 => Just(frame(0x88, &[0x03, 0xe8], false)),
        1 => Just(frame(0x88, b"", false)),
        // A text that is none, and a message over the limit.
        1 => Just(frame(0x81, b"\xc3\x28", false)),
        1 => Just(vec![0x82, 127, 0, 0, 0, 0, 1, 0, 0, 1]),
    ]
}

#[test]
fn plain_frames_need_no_library_and_a_cut_one_is_kept_until_it_is_whole() {
    let mut connection = Connection::new();
    let (mut masks, mut out, mut found) = (Random::new(7), Vec::new(), Vec::new());
    let stream = [frame(0x81, &[b'x'; 300], false), frame(0x89, b"there?", false), frame(0x82, b"y", false)];
    let stream = stream.concat();
    for cut in 0..stream.len() {
        for piece in [&stream[..cut], &stream[cut..]] {
            let mut answers = Answers { out: &mut out, masks: &mut masks };
            connection.feed(piece, &mut answers, |item| found.push(owned(item))).unwrap();
        }
        assert!(matches!(&connection.reader, Reader::Plain(begun) if begun.capacity() == 0), "{cut}");
    }
    assert_eq!(found.len(), 2 * stream.len());
    assert_eq!(unmasked(&out), vec![(0x8a, b"there?".to_vec()); stream.len()]);
}

#[test]
fn a_whole_message_is_handed_out_where_it_stands() {
    let bytes = frame(0x81, b"payload", false);
    let within = bytes.as_ptr_range();
    let mut answers = Answers { out: &mut Vec::new(), masks: &mut Random::new(7) };
    let sink = |found: Found<'_>| match found {
        Found::Message(payload) => assert!(within.contains(&payload.as_ptr())),
        Found::Close => panic!("no close was sent"),
    };
    Connection::new().feed(&bytes, &mut answers, sink).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_frames_cut_anywhere_are_what_the_library_makes_of_them(
        frames in prop::collection::vec(any_frame(), 0..10),
        piece in 1usize..600,
        close_at in 0usize..20,
    ) {
        let stream = frames.concat();
        let pieces: Vec<_> = stream.chunks(piece).collect();
        let (fast, slow) = play(&pieces, close_at);
        prop_assert_eq!(fast, slow);
    }
}
