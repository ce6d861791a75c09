//! What is said of long polling.

use super::evidence::{Evidence, Gap};
use super::short_polling::{CLOSE, LIMIT_US, socket_each};
use super::{ALIKE, Answer, CLEARLY, Claim, NOT_THE_TRANSPORT, Verdict, times, times_in_words};
use crate::figures::{P50, P90, P99, Percentile};
use crate::format::{bytes, mean_time_us, number, share, time_us};

const OF: &str = "long polling";

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        number: 7,
        of: OF,
        said: "it is as good as real time: the answer comes with the event",
        answer: soon,
    },
    Claim { number: 8, of: OF, said: "it takes less bandwidth than polling", answer: bandwidth },
    Claim { number: 9, of: OF, said: "every message still pays for HTTP's headers", answer: headers },
    Claim { number: 10, of: OF, said: "after each reply a new socket is opened", answer: sockets },
    Claim {
        number: 11,
        of: OF,
        said: "time-outs make the clients connect again and again",
        answer: timeouts,
    },
    Claim { number: 12, of: OF, said: "it is the wrong choice for huge traffic", answer: traffic },
    Claim {
        number: 13,
        of: OF,
        said: "held requests weigh on a server that is not driven by events",
        answer: wakeups,
    },
];

/// Holds where it is not clearly later than the later of SSE and WebSocket, or at once: the 90th percentile of rare events, of
/// which there are few, and the 99th of frequent ones.
fn soon(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let of = |case: &'static str, percentile: Percentile| {
        let case = evidence.case(case);
        let (long, push) = (case.late("long-poll", percentile)?, case.push_late(percentile)?);
        Ok((!long.is_clearly_after(&push), format!("{} (push {})", long.words, push.words)))
    };
    let (rare, seldom) = of("rare", P90)?;
    let (busy, often) = of("busy", P99)?;
    Ok(Answer {
        number: format!("rare events: p90 {seldom}; frequent ones: p99 {often}"),
        verdict: Verdict::of_both(rare, busy, "how often something happens"),
    })
}

/// Holds where a delivered event takes fewer bytes than with short polling every second.
fn bandwidth(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let of = |case: &'static str| {
        let case = evidence.case(case);
        let (long, short) = (case.wire_per_event("long-poll")?, case.wire_per_event("poll")?);
        Ok((long < short, format!("{} an event (polling {})", bytes(long), bytes(short))))
    };
    let ((rare, seldom), (busy, often)) = (of("rare")?, of("busy")?);
    Ok(Answer {
        number: format!("rare events: {seldom}; frequent ones: {often}"),
        verdict: Verdict::of_both(
            rare,
            busy,
            "how often something happens: each event has a request, a poll may bring several",
        ),
    })
}

/// Holds where more than half of the bytes that deliver an event wrap it, ask for it or acknowledge it; requests that time out are
/// not among them.
fn headers(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let of = |case: &'static str| {
        let case = evidence.case(case);
        let part = |label| {
            let framing = case.figure(label, "wire_down_framing_bytes_per_event")?
                + case.figure(label, "wire_up_framing_bytes_per_event")?;
            let payload = case.figure(label, "wire_down_payload_bytes_per_event")?;
            Ok(framing / (framing + payload).max(1.0))
        };
        let (long, sse) = (part("long-poll")?, part("sse")?);
        Ok((long > 0.5, format!("{} of the bytes (SSE {})", share(long), share(sse))))
    };
    let ((rare, seldom), (busy, often)) = (of("rare")?, of("busy")?);
    Ok(Answer {
        number: format!("headers and segments of a message, rare events: {seldom}; frequent ones: {often}"),
        verdict: Verdict::of_both(rare, busy, "how many events share a reply"),
    })
}

fn sockets(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    socket_each(evidence, "long-poll", "long-poll-close")
}

/// Holds for a connection where idle clients open clearly more sockets than there are clients.
fn timeouts(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let (idle, closing) = (evidence.case("idle"), evidence.case("idle-close"));
    let (kept, closed) =
        (idle.opened_per_client("long-poll-short")?, closing.opened_per_client("long-poll-close")?);
    let column = "idle_wire_bytes_per_client_minute";
    let of = |label| idle.figure(label, column);
    Ok(Answer {
        number: format!(
            "{}: {} sockets an idle client, {} a client-minute; {}: {} sockets, {}; {}: {}; SSE{}: {}",
            idle.settings("long-poll-short"),
            number(kept),
            bytes(of("long-poll-short")?),
            closing.settings("long-poll-close"),
            number(closed),
            bytes(closing.figure("long-poll-close", column)?),
            idle.settings("long-poll"),
            bytes(of("long-poll")?),
            idle.heart("sse"),
            bytes(of("sse")?)
        ),
        verdict: Verdict::of_both(kept >= CLEARLY, closed >= CLEARLY, CLOSE),
    })
}

/// From so many events a read on, in the mean, they share replies.
const SHARED: f64 = 1.25;

/// Confirmed if fewer clients keep the limit of case `many` than over SSE, or an event takes clearly more of the target's CPU,
/// both when events are frequent and in a flood; refuted if as many do and CPU is alike in both.
fn traffic(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let many = evidence.case("many");
    let (long, sse) = (many.in_time("long-poll", LIMIT_US)?, many.in_time("sse", LIMIT_US)?);
    let of = |case: &'static str| {
        let case = evidence.case(case);
        let cpu = |label| case.figure(label, "target_cpu_us_per_event");
        let factor = times(cpu("long-poll")?, cpu("sse")?);
        let reads = case.figure("long-poll", "events_per_read")?;
        let words = format!(
            "{} of the target's CPU, {} that of SSE, {} events a read",
            mean_time_us(cpu("long-poll")?),
            times_in_words(factor),
            number(reads)
        );
        Ok((factor, reads, words))
    };
    let ((busy, _, frequent), (flood, reads, most)) = (of("busy")?, of("flood")?);
    let dear = busy >= CLEARLY && flood >= CLEARLY;
    let verdict = if long.is_less_than(sse) || dear {
        Verdict::Confirmed
    } else if long.more {
        Verdict::Depends(NOT_THE_TRANSPORT)
    } else if busy <= ALIKE && flood <= ALIKE {
        Verdict::Refuted
    } else if reads >= SHARED {
        Verdict::Depends("the rate and what may be paid: where more happens, events share a reply")
    } else {
        Verdict::Depends("the rate, and what may be paid")
    };
    Ok(Answer {
        number: format!(
            "within {}: {long} clients, {sse} over SSE; frequent event: {frequent}; in a flood: {most}",
            time_us(LIMIT_US as f64)
        ),
        verdict,
    })
}

/// How much later the median has to be for a server that looks to deliver later, in microseconds: of the 50 ms that it is later in
/// the mean, what noise does not make.
const LATER_US: f64 = 20_000.0;

/// Confirmed if a server that looks every 100 ms needs clearly more CPU for an idle client than one that is woken, and
/// delivers at least [`LATER_US`] later; refuted if neither.
fn wakeups(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let (idle, rare) = (evidence.case("idle"), evidence.case("rare"));
    let cpu = |label| idle.figure(label, "idle_target_cpu_us_per_client_second");
    let (woken, checking) = (cpu("long-poll")?, cpu("long-poll-check")?);
    let (soon, later) = (rare.late("long-poll", P50)?, rare.late("long-poll-check", P50)?);
    Ok(Answer {
        number: format!(
            "idle client-second: {} where it looks every 100 ms, {} where the event wakes it; p50 {} and {}",
            mean_time_us(checking),
            mean_time_us(woken),
            later.words,
            soon.words
        ),
        verdict: Verdict::of_both(
            times(checking, woken) >= CLEARLY,
            later.us >= soon.us + LATER_US,
            "what counts: only one of CPU and latency suffers",
        ),
    })
}
