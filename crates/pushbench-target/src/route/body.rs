//! Bodies of requests, of bounded size and within a bounded time.

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use std::error::Error;
use tokio::time::timeout;

use pushbench_transport::server::Refusal;

use crate::config::Limits;

/// Reads a body whole; `whose` it is is said where it is refused.
///
/// # Errors
/// `413` when it is too large, `408` when it takes too long, `400` when it is broken.
pub(super) async fn read(body: Incoming, whose: &str, limits: &Limits) -> Result<Bytes, Refusal> {
    bounded(body, whose, limits, async |body| Ok(body.collect().await?.to_bytes())).await
}

/// Reads a body to its end and keeps nothing of it.
///
/// # Errors
/// As [`read`].
pub(super) async fn discard(body: Incoming, whose: &str, limits: &Limits) -> Result<(), Refusal> {
    bounded(body, whose, limits, async |mut body| {
        while let Some(frame) = body.frame().await {
            frame?;
        }
        Ok(())
    })
    .await
}

async fn bounded<T>(
    body: Incoming,
    whose: &str,
    limits: &Limits,
    take: impl AsyncFnOnce(Limited<Incoming>) -> Result<T, Box<dyn Error + Send + Sync>>,
) -> Result<T, Refusal> {
    let most = limits.publish_body_bytes;
    let too_large = || {
        let why = format!("the body of {whose} may have {most} bytes at most");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, why)
    };
    if body.size_hint().lower() > most as u64 {
        // Before the client is told to go on, where it asked (`Expect: 100-continue`).
        return Err(too_large());
    }
    match timeout(limits.idle_timeout, take(Limited::new(body, most))).await {
        Ok(Ok(taken)) => Ok(taken),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Refusal::bad_request("the body of the request is broken")),
        Err(_) => Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body of the request took too long")),
    }
}
