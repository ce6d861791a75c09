//! What is said of WebSocket.

use super::evidence::{Evidence, Gap};
use super::sse::Storm;
use super::{Answer, CLEARLY, Claim, Verdict, times, times_in_words};
use crate::format::{bytes, time_us};

const OF: &str = "WebSocket";

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        number: 20,
        of: OF,
        said: "both directions on one connection, with little overhead",
        answer: both_ways,
    },
    Claim { number: 21, of: OF, said: "it is the one for chats, games and working together", answer: chats },
    Claim { number: 22, of: OF, said: "to connect again is the application's work", answer: resumes },
];

/// Confirmed if what clients send takes clearly more bytes with POST beside SSE, per delivered message; refuted if less than
/// over WebSocket.
fn both_ways(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let chat = evidence.case("chat");
    let up = |label| chat.figure(label, "wire_up_bytes_per_event");
    let down = |label| chat.figure(label, "wire_down_bytes_per_event");
    let (one, other) = (up("websocket")?, up("sse")?);
    let factor = times(other, one);
    let verdict = match factor {
        _ if factor >= CLEARLY => Verdict::Confirmed,
        _ if factor <= 1.0 => Verdict::Refuted,
        _ => Verdict::Depends("the size of the rooms: a message is sent once and delivered to many"),
    };
    Ok(Answer {
        number: format!(
            "a delivered message: {} up, {} down, p99 {}; SSE with POST: {} up ({} as much), {} down, p99 {}",
            bytes(one),
            bytes(down("websocket")?),
            time_us(chat.figure("websocket", "latency_p99_us")?),
            bytes(other),
            times_in_words(factor),
            bytes(down("sse")?),
            time_us(chat.figure("sse", "latency_p99_us")?)
        ),
        verdict,
    })
}

/// What a message of a chat or a game may take: the limit of "instantly".
const CHAT_LIMIT_US: f64 = 100_000.0;

/// Holds where the 99th percentile of messages is within [`CHAT_LIMIT_US`].
fn chats(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let of = |case: &'static str| {
        let case = evidence.case(case);
        let p99 = case.figure("websocket", "latency_p99_us")?;
        let sse = case.figure("sse", "latency_p99_us")?;
        Ok((p99 <= CHAT_LIMIT_US, format!("p99 {} (SSE with POST {})", time_us(p99), time_us(sse))))
    };
    let ((slow, few), (fast, many)) = (of("chat")?, of("chat-fast")?);
    Ok(Answer {
        number: format!("few messages: {few}; ten times as many: {many}"),
        verdict: Verdict::of_both(slow, fast, "the rate of messages"),
    })
}

/// Confirmed if a client that connects again and asks for nothing misses events, and one that asks misses none.
fn resumes(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let without = Storm::of(evidence.case("storm-forget"), "websocket")?;
    let with = Storm::of(evidence.case("storm-resume"), "websocket")?;
    Ok(Answer {
        number: format!(
            "connecting again: {}; and asking from the last one on: {}",
            without.words, with.words
        ),
        verdict: Verdict::of_both(
            without.missed > 0.0,
            with.is_clean(),
            "more than that: asking for what was missed made no difference",
        ),
    })
}
