//! What is said of short polling.

use super::evidence::{Evidence, Gap};
use super::{Answer, CLEARLY, Claim, Verdict, times, times_in_words};
use crate::format::{bytes, mean_time_us, number, share, time_us};

const OF: &str = "short polling";

pub(super) const CLAIMS: &[Claim] = &[
    Claim { number: 1, of: OF, said: "how late an update is follows from the interval", answer: interval },
    Claim {
        number: 2,
        of: OF,
        said: "most polls bring nothing, and the bytes go into asking",
        answer: empty,
    },
    Claim { number: 3, of: OF, said: "asking all the time costs the server CPU", answer: cpu },
    Claim { number: 4, of: OF, said: "it does not scale to many clients", answer: scale },
    Claim { number: 5, of: OF, said: "each poll opens a socket and throws it away", answer: sockets },
    Claim {
        number: 6,
        of: OF,
        said: "it will do where little changes, few look and nobody needs it at once",
        answer: will_do,
    },
];

/// How far a median may be from half the interval, as a share of it.
const NEAR: f64 = 0.35;

/// Confirmed if the median of both intervals is half of it, within [`NEAR`].
fn interval(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let rare = evidence.case("rare");
    let mut words = Vec::new();
    let mut near = true;
    for label in ["poll", "poll-2s"] {
        let (p50, p90) = (rare.figure(label, "latency_p50_us")?, rare.figure(label, "latency_p90_us")?);
        let interval = evidence.interval_us(label).ok_or(Gap::NoFigure {
            case: "rare",
            label,
            column: "poll interval",
        })?;
        near &= (p50 / (interval / 2.0) - 1.0).abs() <= NEAR;
        words.push(format!("every {}: p50 {}, p90 {}", time_us(interval), time_us(p50), time_us(p90)));
    }
    Ok(Answer { number: words.join("; "), verdict: Verdict::of(near) })
}

/// Holds where more than half of the replies are empty and a delivered event takes clearly more bytes than over SSE.
fn empty(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let of = |case: &'static str| {
        let case = evidence.case(case);
        let empty = case.figure("poll", "empty_reply_share")?;
        let (poll, sse) = (case.wire_per_event("poll")?, case.wire_per_event("sse")?);
        let words = format!("{} empty, {} an event (SSE {})", share(empty), bytes(poll), bytes(sse));
        Ok((empty > 0.5 && times(poll, sse) >= CLEARLY, words))
    };
    let ((rare, seldom), (busy, often)) = (of("rare")?, of("busy")?);
    Ok(Answer {
        number: format!("rare events: {seldom}; frequent ones: {often}"),
        verdict: Verdict::of_both(rare, busy, "how often something happens"),
    })
}

/// Holds where the target needs clearly more CPU than for SSE and WebSocket: while nothing happens, and per event.
fn cpu(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let of = |case: &'static str, column| {
        let case = evidence.case(case);
        Ok((case.figure("poll", column)?, case.push(column)?))
    };
    let (idle, idle_push) = of("idle", "idle_target_cpu_us_per_client_second")?;
    let (rare, rare_push) = of("rare", "target_cpu_us_per_event")?;
    let (busy, busy_push) = of("busy", "target_cpu_us_per_event")?;
    let beside = |poll, push| format!("{} (push {})", mean_time_us(poll), mean_time_us(push));
    let seldom = times(idle, idle_push) >= CLEARLY && times(rare, rare_push) >= CLEARLY;
    Ok(Answer {
        number: format!(
            "idle client-second: {}; rare event: {}; frequent event: {}",
            beside(idle, idle_push),
            beside(rare, rare_push),
            beside(busy, busy_push)
        ),
        verdict: Verdict::of_both(
            seldom,
            times(busy, busy_push) >= CLEARLY,
            "how often something happens: a poll may bring several events",
        ),
    })
}

/// The latency that clients of case `many` are to keep, 99th percentile.
pub(super) const LIMIT_US: u64 = 250_000;

/// Confirmed if fewer polling clients than push clients keep the limit; refuted if all that were tried do, with a target that
/// does not work clearly more; else it depends.
fn scale(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let many = evidence.case("many");
    let of = |label| many.in_time(label, LIMIT_US);
    let (poll, sse, websocket) = (of("poll-200ms")?, of("sse")?, of("websocket")?);
    let push = if sse.clients > websocket.clients { sse } else { websocket };
    let cpu = |label: &'static str| {
        let last = many.rows(label).max_by_key(|row| row.summary.clients);
        last.and_then(|row| row.summary.target_cpu_us_per_client_second).unwrap_or(0.0)
    };
    let factor = times(cpu("poll-200ms"), cpu("sse").max(cpu("websocket")));
    let verdict = match poll {
        _ if poll.is_less_than(push) => Verdict::Confirmed,
        _ if poll.generator => Verdict::Depends("a larger machine: the load generator gave out first"),
        _ if poll.all && factor < CLEARLY => Verdict::Refuted,
        _ => Verdict::Depends("the CPU there is: as many clients kept the limit, at a higher price"),
    };
    Ok(Answer {
        number: format!(
            "within {}: {poll} clients that poll every 200 ms, {sse} over SSE, {websocket} over WebSocket; CPU of the target with \
             the most of them: {} that of push",
            time_us(LIMIT_US as f64),
            times_in_words(factor)
        ),
        verdict,
    })
}

/// Sockets per client and second below which connections are kept.
const KEPT: f64 = 0.01;

/// Whether sockets are opened at every turn: with `close`, and with keep-alive.
pub(super) fn socket_each(
    evidence: &Evidence<'_>,
    kept: &'static str,
    closed: &'static str,
) -> Result<Answer, Gap> {
    let rare = evidence.case("rare");
    let (kept, closed) = (rare.opened_per_client_second(kept)?, rare.opened_per_client_second(closed)?);
    Ok(Answer {
        number: format!(
            "sockets per client and second: {} with Connection: close, {} with keep-alive",
            number(closed),
            number(kept)
        ),
        verdict: Verdict::of_both(
            kept > KEPT,
            closed > KEPT,
            "Connection: close; with keep-alive, which HTTP/1.1 has by default, the socket stays",
        ),
    })
}

fn sockets(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    socket_each(evidence, "poll", "poll-close")
}

/// Confirmed if a poll every 2 s needs neither clearly more CPU nor clearly more bytes than the better of SSE and WebSocket;
/// refuted if it needs ten times both.
fn will_do(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    const FAR_MORE: f64 = 10.0;
    let rare = evidence.case("rare");
    let least = |column| Ok(rare.figure("sse", column)?.min(rare.figure("websocket", column)?));
    let column = "target_cpu_us_per_client_second";
    let (cpu, least_cpu) = (rare.figure("poll-2s", column)?, least(column)?);
    let wire = rare.wire_per_event("poll-2s")?;
    let least_wire = rare.wire_per_event("sse")?.min(rare.wire_per_event("websocket")?);
    let factors = [times(cpu, least_cpu), times(wire, least_wire)];
    let verdict = if factors.iter().all(|factor| *factor < CLEARLY) {
        Verdict::Confirmed
    } else if factors.iter().all(|factor| *factor >= FAR_MORE) {
        Verdict::Refuted
    } else {
        Verdict::Depends(
            "the number of clients: it costs more from the first one on, but little as long as they are few",
        )
    };
    Ok(Answer {
        number: format!(
            "every 2 s, an event per client every 10 s: {} of the target's CPU per client-second ({} that of push), {} an event ({} \
             those of push)",
            mean_time_us(cpu),
            times_in_words(factors[0]),
            bytes(wire),
            times_in_words(factors[1])
        ),
        verdict,
    })
}
