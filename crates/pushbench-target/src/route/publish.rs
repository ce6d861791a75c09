//! `POST /publish`: the body is the payload of one event.

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use std::rc::Rc;
use tokio::time::timeout;

use pushbench_probe::clock::now_ns;
use pushbench_transport::server::{Refusal, Reply, TopicName, page};

use crate::config::Limits;
use crate::server::Server;

/// `202` with the event's id; `409` when a schedule has the topic to itself.
///
/// With injected faults the reply comes as soon and looks as if there were none, as that of a server with such faults
/// would: the id is then the event's number among those published to its topic, dropped ones included.
pub(super) async fn reply(server: Rc<Server>, topic: TopicName, body: Incoming) -> Reply {
    match publish(&server, &topic, body).await {
        Ok(id) => page(StatusCode::ACCEPTED, "application/json", format!("{{\"id\":{id}}}")),
        Err(refusal) => refusal.into_reply(),
    }
}

async fn publish(server: &Server, topic: &TopicName, body: Incoming) -> Result<u64, Refusal> {
    let body = read(body, &server.limits).await?;
    let payload = String::from_utf8(body.into())
        .map_err(|_| Refusal::bad_request("the payload of an event must be UTF-8 text"))?;
    // After the body: a schedule may have begun while it came.
    if server.reserved.holds(topic.as_str(), now_ns()) {
        let why = "a schedule has this topic to itself until its end; other topics are open";
        return Err(Refusal::new(StatusCode::CONFLICT, why));
    }
    server.publish(topic, now_ns(), |_| payload)
}

async fn read(body: Incoming, limits: &Limits) -> Result<Bytes, Refusal> {
    let most = limits.publish_body_bytes;
    let too_large = || {
        let why = format!("the body of a publish request may have {most} bytes at most");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, why)
    };
    if body.size_hint().lower() > most as u64 {
        // Before the client is told to go on, where it asked (`Expect: 100-continue`).
        return Err(too_large());
    }
    match timeout(limits.idle_timeout, Limited::new(body, most).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Refusal::bad_request("the body of the request is broken")),
        Err(_) => Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body of the request took too long")),
    }
}
