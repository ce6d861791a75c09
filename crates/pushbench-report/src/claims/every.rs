//! What is said of all transports.

use super::evidence::{Evidence, Gap};
use super::{Answer, CLEARLY, Claim, Verdict, times, times_in_words};
use crate::format::{bytes, mean_time_us, number};

const OF: &str = "all";

pub(super) const CLAIMS: &[Claim] = &[
    Claim { number: 23, of: OF, said: "sockets held open cost the server", answer: held },
    Claim { number: 24, of: OF, said: "progress of a job is better pushed than asked for", answer: progress },
];

/// Confirmed if a client takes 64 KiB or more of the target and the kernel, with any transport; refuted if 8 KiB or less with all.
fn held(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    const MUCH: f64 = 65_536.0;
    const LITTLE: f64 = 8_192.0;
    let idle = evidence.case("idle");
    let mut words = Vec::new();
    let mut most = 0.0_f64;
    for (label, name) in
        [("poll", "polling"), ("long-poll", "long polling"), ("sse", "SSE"), ("websocket", "WebSocket")]
    {
        let target = idle.figure(label, "target_bytes_per_client")?;
        // Only root can read it.
        let kernel = idle.figure(label, "kernel_bytes_per_client").ok();
        most = most.max(target + kernel.unwrap_or(0.0));
        let kernel = kernel.map_or_else(|| "unknown".to_owned(), bytes);
        words.push(format!("{name} {} and {kernel}", bytes(target)));
    }
    Ok(Answer {
        number: format!("an idle client, target and kernel (both ends): {}", words.join(", ")),
        verdict: match most {
            _ if most >= MUCH => Verdict::Confirmed,
            _ if most <= LITTLE => Verdict::Refuted,
            _ => Verdict::Depends("how many there are: it is memory, most of it the kernel's"),
        },
    })
}

/// Confirmed if polling every second takes clearly more bytes per part than SSE and tells of it at least a tenth of a second later, in
/// the mean; refuted if neither.
fn progress(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    const LATER_US: f64 = 100_000.0;
    let job = evidence.case("job");
    let late = |label| job.figure(label, "latency_mean_us");
    let (poll, sse) = (job.wire_per_event("poll")?, job.wire_per_event("sse")?);
    let factor = times(poll, sse);
    let (polled, pushed) = (late("poll")?, late("sse")?);
    Ok(Answer {
        number: format!(
            "polling every second: {} requests and {} a part ({} those of SSE), known {} after it is so (SSE {}, WebSocket {})",
            number(job.figure("poll", "requests_per_event")?),
            bytes(poll),
            times_in_words(factor),
            mean_time_us(polled),
            mean_time_us(pushed),
            mean_time_us(late("websocket")?)
        ),
        verdict: Verdict::of_both(
            factor >= CLEARLY,
            polled - pushed >= LATER_US,
            "what counts, and how often there is progress: a poll may bring several parts",
        ),
    })
}
