//! The server half: holds a request until there is something to tell or time is up.
//!
//! Dropping the future, as happens when the client goes away, gives everything up that the request holds.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

use super::Settings;
use super::settings::Wakeup;
use crate::polling;
use crate::server::{Ask, Batch, Bounds, Hub, Pace, Query, Refusal, Reply, Start, Subscription as _, Work};

/// The longest that a request is held, whatever it asks for.
pub const LONGEST_HOLD: Duration = Duration::from_hours(1);

/// Share of the timeout by which it is varied, so that requests held together are not answered in one instant.
const JITTER: f64 = 0.1;

/// The methods, as `Allow` has them: a `HEAD` would be held for a reply without its events.
pub const METHODS: &str = "GET";

/// How requests are held.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Hold {
    /// How long when the request does not say, and how its events are noticed.
    settings: Settings,
    /// How much a reply may hold.
    bounds: Bounds,
    /// Where in the range of the jitter this request falls: -1 is 10 % sooner, 1 is 10 % later.
    jitter: f64,
}

/// `200` as soon as there is something, `204` at the timeout or when the target shuts down.
///
/// # Errors
/// None here; the reply is a refusal when the hub takes no more topics.
pub fn answer<H: Hub, B>(settings: &Settings, ask: Ask<'_, H, B>) -> Result<Work<H::Socket>, Refusal> {
    let Ask { hub, query, bounds, jitter, .. } = ask;
    let hold = Hold { settings: *settings, bounds, jitter };
    Ok(Work::Waiting(Box::pin(
        async move { reply(hub, query, hold).await.unwrap_or_else(Refusal::into_reply) },
    )))
}

async fn reply<H: Hub>(hub: H, query: Query, hold: Hold) -> Result<Reply, Refusal> {
    let mut batch = hub.read(&query.topic, query.start, hold.bounds);
    if batch.is_empty() {
        // "From now on" is the moment the request came, not the moment of the last look.
        let from = Query { start: Start::After(batch.cursor), ..query };
        let timeout = from.timeout.unwrap_or(hold.settings.timeout.duration());
        let until = Instant::now() + jittered(timeout, hold.jitter);
        batch = match hold.settings.wakeup {
            Wakeup::Event => woken(&hub, &from, until, hold.bounds).await?,
            Wakeup::Check => looking(&hub, &from, until, &hold).await,
        };
    }
    Ok(polling::serve::reply(&batch))
}

fn jittered(timeout: Duration, jitter: f64) -> Duration {
    timeout.min(LONGEST_HOLD).mul_f64(1.0 + JITTER * jitter.clamp(-1.0, 1.0))
}

/// Waits to be woken by an event.
async fn woken<H: Hub>(hub: &H, query: &Query, until: Instant, bounds: Bounds) -> Result<Batch, Refusal> {
    let mut subscription = hub.subscribe(&query.topic, query.start, Pace::Once)?;
    tokio::select! {
        biased;
        // Whether an event came or the target closes: the batch tells.
        _ = poll_fn(|context| subscription.poll_ready(context)) => {}
        () = sleep_until(until) => {}
    }
    Ok(hub.read(&query.topic, query.start, bounds))
}

/// Looks, sleeps, and looks again.
async fn looking<H: Hub>(hub: &H, query: &Query, until: Instant, hold: &Hold) -> Batch {
    let mut closed = pin!(hub.closed());
    loop {
        let next = Instant::now() + hold.settings.check_interval.duration();
        let last = tokio::select! {
            biased;
            () = &mut closed => true,
            () = sleep_until(next.min(until)) => next >= until,
        };
        let batch = hub.read(&query.topic, query.start, hold.bounds);
        if last || !batch.is_empty() {
            return batch;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_varies_by_ten_percent_and_is_capped() {
        let second = Duration::from_secs(1);
        assert_eq!(jittered(second, -1.0), Duration::from_millis(900));
        assert_eq!(jittered(second, 0.0), second);
        assert_eq!(jittered(second, 1.0), Duration::from_millis(1100));
        assert_eq!(jittered(second, 50.0), Duration::from_millis(1100));
        assert_eq!(jittered(Duration::MAX, 0.0), LONGEST_HOLD);
    }
}

/// How the question is answered.
///
/// # Errors
/// [`Refusal`] with the reason why it is not served.
pub fn serve(
    _: &Settings,
    _: &crate::server::Question<'_>,
    _: &mut Vec<u8>,
) -> Result<crate::server::Answer, Refusal> {
    Err(Refusal::new(hyper::StatusCode::NOT_IMPLEMENTED, "not yet"))
}
