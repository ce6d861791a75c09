//! What is said of short polling.

use super::evidence::{Evidence, Gap, RANKED_BY, typed_us};
use super::{Answer, CLEARLY, Claim, NOT_THE_TRANSPORT, Verdict, times, times_in_words};
use crate::figures::P50;
use crate::format::{bytes, grouped, mean_time_us, number, share, time_us};

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
const NEAR: f64 = 0.25;

/// Confirmed if the median of both intervals is half of it, within [`NEAR`]; else refuted.
fn interval(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let rare = evidence.case("rare");
    let mut words = Vec::new();
    let mut near = true;
    for label in ["poll", "poll-2s"] {
        let (p50, longest) = (rare.late(label, P50)?, rare.figure(label, "latency_max_us")?);
        let interval = rare.interval_us(label)?;
        near &= (p50.us / (interval / 2.0) - 1.0).abs() <= NEAR;
        words.push(format!(
            "every {}: p50 {} (theory, half of it: {}), the longest {} (theory: all of it)",
            typed_us(interval),
            p50.words,
            typed_us(interval / 2.0),
            time_us(longest)
        ));
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
    let (idle, (pushing, idle_push)) = of("idle", "idle_target_cpu_us_per_client_second")?;
    let (rare, (_, rare_push)) = of("rare", "target_cpu_us_per_event")?;
    let (busy, (_, busy_push)) = of("busy", "target_cpu_us_per_event")?;
    let beside = |poll, push| format!("{} (push {})", mean_time_us(poll), mean_time_us(push));
    let seldom = times(idle, idle_push) >= CLEARLY && times(rare, rare_push) >= CLEARLY;
    let quiet = evidence.case("idle");
    Ok(Answer {
        // All that an idle client costs with push is its heartbeats.
        number: format!(
            "idle client-second: {} polling every {} (push{}: {}); rare event: {}; frequent event: {}",
            mean_time_us(idle),
            quiet.interval("poll")?,
            quiet.heart(pushing),
            mean_time_us(idle_push),
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
    let (most, [cpu, cpu_sse, cpu_websocket]) =
        many.at_most(["poll-200ms", "sse", "websocket"], "target_cpu_us_per_client_second")?;
    let factor = times(cpu, cpu_sse.max(cpu_websocket));
    let verdict = match poll {
        _ if poll.is_less_than(push) => Verdict::Confirmed,
        _ if poll.more => Verdict::Depends(NOT_THE_TRANSPORT),
        _ if poll.all && factor < CLEARLY => Verdict::Refuted,
        _ if factor >= CLEARLY => {
            Verdict::Depends("the CPU there is: no fewer clients kept the limit, at a higher price")
        }
        _ => Verdict::Depends(
            "how many there are: with the most that were tried push does not keep the limit either",
        ),
    };
    Ok(Answer {
        number: format!(
            "within {}: {poll} clients that poll every {}, {sse} over SSE, {websocket} over WebSocket; CPU of the target with {} of \
             them: {} that of push",
            time_us(LIMIT_US as f64),
            many.interval("poll-200ms")?,
            grouped(most.into()),
            times_in_words(factor)
        ),
        verdict,
    })
}

/// Sockets per event below which connections are kept.
const KEPT: f64 = 0.01;

/// Whether sockets are opened at every turn: with `close`, and with keep-alive.
pub(super) fn socket_each(
    evidence: &Evidence<'_>,
    kept: &'static str,
    closed: &'static str,
) -> Result<Answer, Gap> {
    let rare = evidence.case("rare");
    let (kept, closed) = (rare.opened_per_event(kept)?, rare.opened_per_event(closed)?);
    Ok(Answer {
        number: format!(
            "sockets per event, rare events: {} with Connection: close, {} with keep-alive",
            number(closed),
            number(kept)
        ),
        verdict: Verdict::of_both(kept > KEPT, closed > KEPT, CLOSE),
    })
}

/// What sockets depend on.
pub(super) const CLOSE: &str =
    "Connection: close; with keep-alive, which HTTP/1.1 has by default, the socket stays";

fn sockets(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    socket_each(evidence, "poll", "poll-close")
}

/// Confirmed if polling is the cheapest, or as cheap, by the rule of the crossover map, where few clients seldom hear something;
/// refuted if it is not and takes [`MUCH_OF_A_CPU`] for these few; else it depends.
fn will_do(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    /// Of one CPU, for all clients of the case.
    const MUCH_OF_A_CPU: f64 = 0.01;
    let few = evidence.case("few");
    let cpu = few.figure("poll-2s", RANKED_BY)?;
    let clients = few.figure("poll-2s", "clients")?;
    let mut words = Vec::with_capacity(3);
    for (name, when) in [("few", "seldom"), ("rare", "seldom"), ("busy", "often")] {
        let case = evidence.case(name);
        let clients = case.figure("sse", "clients")?;
        let ranked = case.ranked();
        let cheapest: Vec<&str> = ranked.cheapest().map(|ranked| ranked.label).collect();
        let doubt = match (ranked.invalid.is_empty(), ranked.unknown.is_empty()) {
            (true, true) => "",
            (false, _) => " (others not valid)",
            (true, false) => " (others not known)",
        };
        let cheapest = if cheapest.is_empty() { "none".to_owned() } else { cheapest.join(" ≈ ") };
        words.push(format!("{cheapest}{doubt} with {} clients that hear {when}", grouped(clients as u64)));
    }
    let verdict = if few.ranked().cheapest().any(|ranked| ranked.label == "poll-2s") {
        Verdict::Confirmed
    } else if cpu * clients / 1e6 >= MUCH_OF_A_CPU {
        Verdict::Refuted
    } else {
        Verdict::Depends("what is asked of it: the cheapest it is not, but for few it is cheap")
    };
    Ok(Answer {
        number: format!(
            "least CPU of the target: {}; {} clients take {} of CPU time a second polling every {}, {} over SSE",
            words.join(", "),
            grouped(clients as u64),
            mean_time_us(cpu * clients),
            few.interval("poll-2s")?,
            mean_time_us(few.figure("sse", RANKED_BY)? * clients)
        ),
        verdict,
    })
}
