//! What holds for every kind of stream: shared bytes, and little of its own.

use pushbench_transport::Kind;
use pushbench_transport::server::{Answer, Event, Stream};

use crate::driver::{ask, request, subscription};

/// Most that one stream may take on the heap while it is idle, in bytes.
const STREAM_BYTES_MAX: usize = 64;

/// A stream of every kind that has one; the others poll.
fn streams() -> Vec<(Kind, Box<dyn Stream>)> {
    let stream = |kind: &Kind| match ask(&kind.default_settings(), &subscription(*kind, ""), 0.0).answer {
        Ok(Answer::Stream(stream)) => Some((*kind, stream)),
        Ok(Answer::Poll(_)) => None,
        Ok(_) => panic!("{kind} answers a subscription once and for all"),
        Err(refusal) => panic!("{kind}: {}", refusal.why),
    };
    Kind::ALL.iter().filter_map(stream).collect()
}

#[test]
fn an_idle_stream_is_one_small_piece_of_memory() {
    let streams = streams();
    assert!(!streams.is_empty());
    for (kind, stream) in streams {
        let size = size_of_val(&*stream);
        assert!(size <= STREAM_BYTES_MAX, "{kind}: {size}");
    }
}

#[test]
fn all_subscribers_get_the_same_bytes_of_an_event() {
    let event = Event::new(9, "news".to_owned());
    let (one, other) = (streams(), streams());
    for ((kind, one), (_, other)) in one.iter().zip(&other) {
        let (one, other) = (one.event(&event), other.event(&event));
        assert!(std::ptr::eq(one, other), "{kind}");
    }
    assert!(!std::ptr::eq(one[0].1.event(&event), one[1].1.event(&event)), "each kind has a form of its own");
}

#[test]
fn a_head_alone_waits_for_nothing() {
    for kind in Kind::ALL {
        if !kind.methods().contains("HEAD") {
            continue;
        }
        let asked = ask(&kind.default_settings(), &request("HEAD", kind.path(), "1.1", ""), 0.0);
        match asked.answer {
            Ok(Answer::Whole) => assert!(asked.out.ends_with(b"\r\n\r\n"), "{kind}"),
            Ok(Answer::Poll(poll)) => assert!(poll.hold.is_none() && poll.form.head_only, "{kind}"),
            Ok(_) => panic!("{kind} answers with a stream"),
            Err(refusal) => panic!("{kind}: {}", refusal.why),
        }
    }
}
