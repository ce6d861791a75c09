//! What is said of Server-Sent Events.

use super::evidence::{Case, Evidence, Gap};
use super::{ALIKE, Answer, CLEARLY, Claim, Verdict, times, times_in_words};
use crate::figures::{P90, P99, Percentile};
use crate::format::{bytes, grouped, mean_time_us, number, time_us};

const OF: &str = "SSE";

pub(super) const CLAIMS: &[Claim] = &[
    Claim { number: 14, of: OF, said: "one request and one socket carry all updates", answer: one_socket },
    Claim { number: 15, of: OF, said: "it is lightweight", answer: lightweight },
    Claim { number: 16, of: OF, said: "it connects again by itself and loses nothing", answer: resumes },
    Claim { number: 17, of: OF, said: "it carries text only", answer: text_only },
    Claim {
        number: 18,
        of: OF,
        said: "an answer that streams in feels faster than one that comes whole",
        answer: first_part,
    },
    Claim { number: 19, of: OF, said: "it suits dashboards and notifications, and not chats", answer: suits },
];

/// Confirmed if a client opens one socket and an event takes no request of its own: less than 1 %.
fn one_socket(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let busy = evidence.case("busy");
    let sockets = busy.opened_per_client("sse")?;
    let requests = busy.figure("sse", "requests_per_event")?;
    Ok(Answer {
        number: format!("{} sockets per client, {} requests per event", number(sockets), number(requests)),
        verdict: Verdict::of(sockets < 1.01 && requests < 0.01),
    })
}

/// Confirmed if memory, CPU and bytes are alike WebSocket's or less; refuted if all are clearly more.
fn lightweight(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let (idle, busy) = (evidence.case("idle"), evidence.case("busy"));
    let memory = |label| idle.figure(label, "target_bytes_per_client");
    let cpu = |label| busy.figure(label, "target_cpu_us_per_event");
    let figures = [
        (memory("sse")?, memory("websocket")?),
        (cpu("sse")?, cpu("websocket")?),
        (busy.wire_per_event("sse")?, busy.wire_per_event("websocket")?),
    ];
    let factors = figures.map(|(sse, websocket)| times(sse, websocket));
    let verdict = if factors.iter().all(|factor| *factor <= ALIKE) {
        Verdict::Confirmed
    } else if factors.iter().all(|factor| *factor >= CLEARLY) {
        Verdict::Refuted
    } else {
        Verdict::Depends("what is weighed: memory, CPU or bytes")
    };
    let [memory, cpu, wire] = figures;
    Ok(Answer {
        number: format!(
            "{} of memory an idle client, {} CPU and {} on the wire an event (WebSocket {}, {}, {})",
            bytes(memory.0),
            mean_time_us(cpu.0),
            bytes(wire.0),
            bytes(memory.1),
            mean_time_us(cpu.1),
            bytes(wire.1)
        ),
        verdict,
    })
}

/// What a storm did to a label: of several rounds, one in the mean.
pub(super) struct Storm {
    pub(super) missed: f64,
    pub(super) doubled: f64,
    pub(super) words: String,
}

impl Storm {
    pub(super) fn of(case: Case<'_>, label: &'static str) -> Result<Self, Gap> {
        // What was due while its client was away and never came is among the lost.
        let missed = case.per_round(label, "missed")?.max(case.per_round(label, "lost")?);
        let doubled = case.per_round(label, "duplicated")?;
        // Upwards: a mean over rounds that is not 0 never reads as 0.
        let whole = |count: f64| grouped(count.ceil() as u64);
        let words = format!("{} events missed, {} doubled", whole(missed), whole(doubled));
        Ok(Self { missed, doubled, words })
    }

    pub(super) fn is_clean(&self) -> bool {
        self.missed + self.doubled <= 0.0
    }
}

/// Confirmed if all are back and nothing is missed or doubled, whether or not the server sends what was missed; depends on the
/// server if only with it; refuted if not even then.
fn resumes(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let resuming = evidence.case("storm-resume");
    let (dropped, back) = (resuming.per_round("sse", "dropped")?, resuming.per_round("sse", "back")?);
    let median = resuming.figure("sse", "back_p50_us")?;
    let with = Storm::of(resuming, "sse")?;
    let without = Storm::of(evidence.case("storm-forget"), "sse")?;
    let kept = with.is_clean() && back >= dropped;
    let verdict = match (kept, without.is_clean()) {
        (true, true) => Verdict::Confirmed,
        (true, false) => Verdict::Depends("the server, which must keep events and heed Last-Event-ID"),
        (false, _) => Verdict::Refuted,
    };
    Ok(Answer {
        number: format!(
            "{} of {} dropped clients back, the median after {}; {}; without Last-Event-ID {}",
            // Not all of them in every round is not all of them.
            grouped(back.floor() as u64),
            grouped(dropped.ceil() as u64),
            time_us(median),
            with.words,
            without.words
        ),
        verdict,
    })
}

/// Confirmed if a binary event takes at least a fifth more on the wire over SSE, for which it has to be made text, a third larger. A
/// check of that arithmetic and of what is around it, not of whether it has to be: that is so by specification.
fn text_only(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    const MORE: f64 = 1.2;
    let column = "wire_down_bytes_per_event";
    let base64 = evidence.case("binary-sse").figure("sse", column)?;
    let binary = evidence.case("binary-websocket").figure("websocket", column)?;
    let factor = times(base64, binary);
    Ok(Answer {
        number: format!(
            "by specification; 3 KiB of binary content take {} over SSE as text of 4/3 the size, as base64 is, and {} in a binary frame \
             of WebSocket: {} as much, of which 1.33 is arithmetic",
            bytes(base64),
            bytes(binary),
            times_in_words(factor)
        ),
        verdict: Verdict::of(factor >= MORE),
    })
}

/// Confirmed if the first part is there in half the time of the whole or less.
fn first_part(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let stream = evidence.case("stream");
    let of = |label| {
        let [first, whole] =
            ["first_part_p50_us", "answer_p50_us"].map(|column| stream.figure(label, column));
        let (first, whole) = (first?, whole?);
        Ok((times(whole, first), format!("{} and {}", time_us(first), time_us(whole))))
    };
    let (factor, sse) = of("sse")?;
    Ok(Answer {
        number: format!(
            "first part and the whole, p50: {sse}; WebSocket: {}; polling every {}: {}",
            of("websocket")?.1,
            stream.interval("poll-200ms")?,
            of("poll-200ms")?.1
        ),
        verdict: Verdict::of(factor >= CLEARLY),
    })
}

/// The first half holds if it is not clearly later than WebSocket, or at once, with rare events (90th percentile) and frequent ones
/// (99th); the second if a chat with POST beside it is clearly later and not at once, or takes clearly more of the target's CPU.
fn suits(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let beside = |case: &'static str, percentile: Percentile| {
        let case = evidence.case(case);
        let (sse, websocket) = (case.late("sse", percentile)?, case.late("websocket", percentile)?);
        Ok((!sse.is_clearly_after(&websocket), format!("{} (WebSocket {})", sse.words, websocket.words)))
    };
    let ((rare, notified), (busy, shown)) = (beside("rare", P90)?, beside("busy", P99)?);
    let (chat, talked) = beside("chat", P99)?;
    let cpu = |label| evidence.case("chat").figure(label, "target_cpu_us_per_event");
    let (cpu, cpu_websocket) = (cpu("sse")?, cpu("websocket")?);
    let pushes = rare && busy;
    let chats_badly = !chat || times(cpu, cpu_websocket) >= CLEARLY;
    Ok(Answer {
        number: format!(
            "notifications p90 {notified}, dashboard p99 {shown}; chat with POST p99 {talked}, {} CPU a delivery (WebSocket {})",
            mean_time_us(cpu),
            mean_time_us(cpu_websocket)
        ),
        verdict: Verdict::of_both(
            pushes,
            chats_badly,
            if pushes { "the chat: with a POST for each message it does" } else { "the load" },
        ),
    })
}
