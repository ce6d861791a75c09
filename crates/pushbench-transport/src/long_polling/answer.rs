//! The server half for an HTTP library: holds a request until there is something to tell or time is up.
//!
//! Dropping the future, as happens when the client goes away, gives everything up that the request holds.

use std::future::poll_fn;
use std::pin::pin;
use tokio::time::{Instant, sleep_until};

use super::Settings;
use super::serve::jittered;
use super::settings::Wakeup;
use crate::polling;
use crate::server::{Ask, Batch, Bounds, Hub, Pace, Query, Refusal, Reply, Start, Subscription as _, Work};

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
