//! What is said of all transports.

use super::evidence::{Evidence, Gap};
use super::{Answer, CLEARLY, Claim, Verdict, times, times_in_words};
use crate::format::{bytes, grouped, number, time_us};

const OF: &str = "all";

pub(super) const CLAIMS: &[Claim] = &[
    Claim { number: 23, of: OF, said: "sockets held open cost the server", answer: held },
    Claim { number: 24, of: OF, said: "progress of a job is better pushed than asked for", answer: progress },
];

/// From so much memory of the server on an idle client is dear, in bytes.
const MUCH: f64 = 65_536.0;
/// Up to so much it is cheap.
const LITTLE: f64 = 8_192.0;

/// Confirmed if an idle client takes [`MUCH`] of the target and of the kernel's memory at its end, with any transport; refuted if it
/// takes [`LITTLE`] with all. The kernel's is told of both ends, which are sockets alike: half of it is the server's.
fn held(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let idle = evidence.case("idle");
    let mut words = Vec::new();
    let (mut most, mut of_kernel, mut of_process) = (0.0_f64, 0.0, 0.0);
    for (label, name) in
        [("poll", "polling"), ("long-poll", "long polling"), ("sse", "SSE"), ("websocket", "WebSocket")]
    {
        let target = idle.figure(label, "target_bytes_per_client")?;
        // Only root can read it, and without it most of the answer may be missing.
        let kernel = idle.figure(label, "kernel_bytes_per_client")? / 2.0;
        most = most.max(target + kernel);
        of_kernel += kernel;
        of_process += target;
        words.push(format!("{name} {} and {}", bytes(target), bytes(kernel)));
    }
    let clients = idle.figure("sse", "clients")?;
    Ok(Answer {
        number: format!(
            "an idle client, one of {}, takes of the target's memory and of the kernel's (half of what is told of both ends): {}",
            grouped(clients as u64),
            words.join(", ")
        ),
        verdict: match most {
            _ if most >= MUCH => Verdict::Confirmed,
            _ if most <= LITTLE => Verdict::Refuted,
            _ if of_kernel > of_process => {
                Verdict::Depends("how many there are: it is memory, most of it the kernel's")
            }
            _ => Verdict::Depends("how many there are: it is memory, most of it the server's own"),
        },
    })
}

/// How much later the median job has to be known to be done, in microseconds.
const LATER_US: f64 = 100_000.0;

/// Confirmed if polling takes clearly more bytes per part than SSE, and the median of the whole answers, as they are asked for at the
/// same instants, is at least [`LATER_US`] later; refuted if neither.
fn progress(evidence: &Evidence<'_>) -> Result<Answer, Gap> {
    let job = evidence.case("job");
    let (poll, sse) = (job.wire_per_event("poll")?, job.wire_per_event("sse")?);
    let factor = times(poll, sse);
    let (polled, pushed) = (job.figure("poll", "answer_p50_us")?, job.figure("sse", "answer_p50_us")?);
    let requests = |label| Ok(number(job.figure(label, "requests_per_event")?));
    Ok(Answer {
        number: format!(
            "polling every {}: done after {} (p50; SSE {}), {} requests a part (SSE {}), {} a part, {} SSE's {}",
            job.interval("poll")?,
            time_us(polled),
            time_us(pushed),
            requests("poll")?,
            requests("sse")?,
            bytes(poll),
            times_in_words(factor),
            bytes(sse)
        ),
        verdict: Verdict::of_both(
            factor >= CLEARLY,
            polled - pushed >= LATER_US,
            "what counts, and how often there is progress: a poll may bring several parts",
        ),
    })
}
