//! Payloads that somebody else publishes: whatever text they are, they arrive as they were.

use std::net::SocketAddr;
use std::rc::Rc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::spawn_local;

use crate::bench::{Serving, play, until, within};
use crate::subscriber::{Found, subscribe};
use crate::variants::variants;

/// The longest payload that a target takes by default.
const LONGEST: usize = 1 << 20;

/// Odd texts. A carriage return is not among them: event streams have no way to carry one.
fn payloads() -> Vec<String> {
    let mut payloads: Vec<String> = [
        "plain",
        "",
        " spaces around ",
        "\"quoted\" and \\back\\slashed\\ and 'single'",
        "two\nlines",
        "\n",
        "\n\nblank lines before and after\n\n",
        "data: not a field\nid: 99\nevent: gap\nretry: 1",
        ": not a comment",
        "{\"cursor\":5,\"events\":[\"not\",\"these\"]}",
        "[1,2,[3,{\"a\":null}]]",
        "ä€😀 \u{feff}\u{200b}\u{e000}",
        "\u{feff}a byte order mark first",
        "controls: \0 \u{1} \u{8} \t \u{b} \u{c} \u{1b}[2J \u{7f} \u{85} \u{2028} \u{2029}",
        "<script>&amp;</script>%0A+%20",
        "true",
        "5",
    ]
    .map(str::to_owned)
    .to_vec();
    // Around the lengths at which WebSocket frames change their form, and across buffers.
    payloads.extend([125, 126, 65_535, 65_536, 200_000].map(|length| "x".repeat(length)));
    payloads.push("\u{1F600}\n\"".repeat(LONGEST / 6));
    payloads
}

async fn publish(address: SocketAddr, topic: &str, payload: &str) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = payload.len();
    let head = format!(
        "POST /publish?topic={topic} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(payload.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 202 "), "{reply}");
}

#[test]
fn payloads_arrive_as_they_were_published() {
    play(variants(&[("interval", "20ms"), ("timeout", "300ms")]), |variant| async move {
        let label = &variant.label;
        let serving = Serving::start(&variant);
        let found = Rc::new(Found::default());
        let address = serving.address;
        let subscriber = spawn_local(subscribe(variant.settings.clone(), address, "odd", Rc::clone(&found)));
        until(&format!("{label} is ready"), async || found.ready.get()).await;
        let payloads = payloads();
        for payload in &payloads {
            within("the reply to a publish", publish(address, "odd", payload)).await;
            within("the reply to a publish", publish(address, "other", "for somebody else")).await;
        }
        until(&format!("{label}: all payloads"), async || {
            assert!(!subscriber.is_finished(), "{label}: the subscriber gave up");
            found.payloads.borrow().len() >= payloads.len()
        })
        .await;
        for (sent, received) in payloads.iter().zip(found.payloads.borrow().iter()) {
            let (sent_start, received_start): (String, String) =
                (sent.chars().take(60).collect(), received.chars().take(60).collect());
            assert_eq!((sent.len(), sent_start), (received.len(), received_start), "{label}");
            assert!(sent == received, "{label}: a payload of {} bytes differs", sent.len());
        }
        assert_eq!(found.payloads.borrow().len(), payloads.len(), "{label}");
        assert!(found.faults.borrow().is_empty(), "{label}: {:?}", found.faults.borrow());
        subscriber.abort();
        serving.end().await;
    });
}
