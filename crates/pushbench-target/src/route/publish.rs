//! `POST /publish`: the body is the payload of one event.

use hyper::StatusCode;
use hyper::body::Incoming;
use std::rc::Rc;

use pushbench_probe::clock::now_ns;
use pushbench_transport::server::{Refusal, Reply, TopicName, page};

use super::body;
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
    let body = body::read(body, "a publish request", &server.limits).await?;
    let payload = String::from_utf8(body.into())
        .map_err(|_| Refusal::bad_request("the payload of an event must be UTF-8 text"))?;
    // After the body: a schedule may have begun while it came.
    if server.reserved.holds(topic.as_str(), now_ns()) {
        let why = "a schedule has this topic to itself until its end; other topics are open";
        return Err(Refusal::new(StatusCode::CONFLICT, why));
    }
    server.publish(topic, now_ns(), |_| payload)
}
