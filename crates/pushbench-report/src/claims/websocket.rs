//! What is said of WebSocket.

use super::evidence::{Evidence, Gap};
use super::sse::Storm;
use super::{Answer, CLEARLY, Claim, Verdict, times, times_in_words};
use crate::figures::P99;
use crate::format::{bytes, mean_time_us};

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

/// Confirmed if a message sent takes clearly more bytes up with POST beside SSE, and no fewer down; refuted if no more up.
fn both_ways(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let chat = evidence.case("chat");
    let up = |label| chat.per_message(label, "wire_up_bytes_per_event");
    let down = |label| chat.per_message(label, "wire_down_bytes_per_event");
    let (up, up_sse) = (up("websocket")?, up("sse")?);
    let (down, down_sse) = (down("websocket")?, down("sse")?);
    let (factor, factor_down) = (times(up_sse, up), times(down_sse, down));
    let verdict = match factor {
        _ if factor >= CLEARLY && factor_down >= 1.0 => Verdict::Confirmed,
        _ if factor <= 1.0 => Verdict::Refuted,
        _ => Verdict::Depends(
            "the size of the rooms: a message is sent once, and delivered to, and acknowledged by, many",
        ),
    };
    Ok(Answer {
        number: format!(
            "a message sent over WebSocket, with all its deliveries: {} up, {} down, p99 {}; SSE with POST: {} up ({} as much), {} down \
             ({}), p99 {}",
            bytes(up),
            bytes(down),
            chat.late("websocket", P99)?.words,
            bytes(up_sse),
            times_in_words(factor),
            bytes(down_sse),
            times_in_words(factor_down),
            chat.late("sse", P99)?.words
        ),
        verdict,
    })
}

/// What a message of a chat or a game may take: the limit of "instantly".
const CHAT_LIMIT_US: f64 = 100_000.0;

/// Refuted if the 99th percentile is beyond [`CHAT_LIMIT_US`] at both rates; confirmed if it is within it at both and SSE with POST is
/// clearly later, and not at once, or takes clearly more of the target's CPU, at both.
fn chats(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let of = |case: &'static str| {
        let case = evidence.case(case);
        let (p99, other) = (case.late("websocket", P99)?, case.late("sse", P99)?);
        let cpu = |label| case.figure(label, "target_cpu_us_per_event");
        let (cpu, cpu_other) = (cpu("websocket")?, cpu("sse")?);
        let is_worse = other.is_clearly_after(&p99) || times(cpu_other, cpu) >= CLEARLY;
        let words = format!(
            "p99 {}, {} CPU a delivery (SSE with POST {}, {})",
            p99.words,
            mean_time_us(cpu),
            other.words,
            mean_time_us(cpu_other)
        );
        Ok((p99.us <= CHAT_LIMIT_US, is_worse, words))
    };
    let ((slow, worse_slow, few), (fast, worse_fast, many)) = (of("chat")?, of("chat-fast")?);
    Ok(Answer {
        number: format!("few messages: {few}; ten times as many: {many}"),
        verdict: match (slow, fast) {
            (false, false) => Verdict::Refuted,
            (true, true) => match (worse_slow, worse_fast) {
                (true, true) => Verdict::Confirmed,
                (false, false) => Verdict::Depends("what else there is: SSE with POST does as well"),
                _ => Verdict::Depends(
                    "what else there is, and the rate: at one of both SSE with POST does as well",
                ),
            },
            _ => Verdict::Depends("the rate of messages"),
        },
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
