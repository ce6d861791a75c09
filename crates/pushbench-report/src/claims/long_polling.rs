//! What is said of long polling.

use super::evidence::{Evidence, Gap};
use super::short_polling::{LIMIT_US, socket_each};
use super::{ALIKE, AT_ONCE_US, Answer, CLEARLY, Claim, Verdict, times, times_in_words};
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
    let of = |case: &'static str, column| {
        let case = evidence.case(case);
        let (long, push) = (case.figure("long-poll", column)?, case.push(column)?);
        Ok((
            times(long, push) < CLEARLY || long <= AT_ONCE_US,
            format!("{} (push {})", time_us(long), time_us(push)),
        ))
    };
    let (rare, seldom) = of("rare", "latency_p90_us")?;
    let (busy, often) = of("busy", "latency_p99_us")?;
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

/// Confirmed if idle clients open clearly more sockets than there are clients; refuted if a time-out costs a request on the
/// same socket only.
fn timeouts(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let idle = evidence.case("idle");
    let opened = idle.figure("long-poll-1s", "opened")? / idle.figure("long-poll-1s", "clients")?.max(1.0);
    let of = |label| idle.figure(label, "idle_wire_bytes_per_client_minute");
    let (short, long, sse) = (of("long-poll-1s")?, of("long-poll")?, of("sse")?);
    Ok(Answer {
        number: format!(
            "{} sockets per client with keep-alive; an idle client-minute: {} with a time-out of 1 s, {} with 5 s (SSE {})",
            number(opened),
            bytes(short),
            bytes(long),
            bytes(sse)
        ),
        verdict: match opened {
            _ if opened >= CLEARLY => Verdict::Confirmed,
            _ if opened <= ALIKE => Verdict::Refuted,
            _ => Verdict::Depends("the connection: it is kept by some"),
        },
    })
}

/// Confirmed if fewer clients keep the limit of case `many` than over SSE, or a frequent event takes clearly more of the
/// target's CPU; refuted if as many do and CPU is alike.
fn traffic(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let many = evidence.case("many");
    let (long, sse) = (many.in_time("long-poll", LIMIT_US)?, many.in_time("sse", LIMIT_US)?);
    let busy = evidence.case("busy");
    let of = |label| busy.figure(label, "target_cpu_us_per_event");
    let (cpu, cpu_sse) = (of("long-poll")?, of("sse")?);
    let factor = times(cpu, cpu_sse);
    let verdict = match (long.is_less_than(sse) || factor >= CLEARLY, factor <= ALIKE) {
        (true, _) => Verdict::Confirmed,
        (false, true) => Verdict::Refuted,
        (false, false) => {
            Verdict::Depends("how much more may be paid: no fewer clients are known to be served in time")
        }
    };
    Ok(Answer {
        number: format!(
            "within {}: {long} clients, {sse} over SSE; frequent event: {} of the target's CPU, {} that of SSE, in {} \
             events a read",
            time_us(LIMIT_US as f64),
            mean_time_us(cpu),
            times_in_words(factor),
            number(busy.figure("long-poll", "events_per_read")?)
        ),
        verdict,
    })
}

/// Confirmed if a server that looks every 100 ms needs clearly more CPU for an idle client than one that is woken, and
/// delivers later.
fn wakeups(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let (idle, rare) = (evidence.case("idle"), evidence.case("rare"));
    let cpu = |label| idle.figure(label, "idle_target_cpu_us_per_client_second");
    let late = |label| rare.figure(label, "latency_p50_us");
    let (woken, checking) = (cpu("long-poll")?, cpu("long-poll-check")?);
    let (soon, later) = (late("long-poll")?, late("long-poll-check")?);
    Ok(Answer {
        number: format!(
            "idle client-second: {} where it looks every 100 ms, {} where the event wakes it; p50 {} and {}",
            mean_time_us(checking),
            mean_time_us(woken),
            time_us(later),
            time_us(soon)
        ),
        verdict: Verdict::of_both(
            times(checking, woken) >= CLEARLY,
            later > soon,
            "what counts: only one of CPU and latency suffers",
        ),
    })
}
