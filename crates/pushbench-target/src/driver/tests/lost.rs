//! Answers that cannot go on: those who wait for them are told, each in its way.

use super::*;
use crate::config::Answering;

/// Whether these bytes end with a text message of a server (RFC 6455, section 5.2).
fn ends_with_text(bytes: &[u8], text: &str) -> bool {
    let frame = [&[0x81, text.len() as u8], text.as_bytes()].concat();
    bytes.ends_with(&frame)
}

#[test]
fn streams_end_held_polls_are_answered_and_asks_by_message_are_refused() {
    run(|| {
        let mut rig = Rig::with(&Config {
            answers: Some(Answering::default()),
            ..Config::new("127.0.0.1:0".parse().unwrap())
        });
        let asks: [&[u8]; 3] = [
            b"POST /sse?topic=a&ask=7 HTTP/1.1\r\nhost: a\r\n\r\n",
            b"GET /long-poll?topic=a&ask=7&after=0&timeout=1h HTTP/1.1\r\nhost: a\r\n\r\n",
            b"GET /ws?topic=a HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
              sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        ];
        let mut clients = asks.map(|ask| {
            let (mut client, key) = rig.connect();
            client.write_all(ask).unwrap();
            rig.ready(key);
            client
        });
        assert_eq!(rig.driver.hub.subscribers, 3);
        let topic = TopicName::new("a").unwrap();
        rig.driver.lose_answer(topic.as_topic_ref(), 7, now_ns());
        let [stream, poll, socket] = &mut clients;
        let streamed = read_until(stream, || rig.turn(), |_| false);
        let streamed = String::from_utf8(streamed).unwrap();
        assert!(streamed.starts_with("HTTP/1.1 200") && !streamed.ends_with("0\r\n\r\n"), "{streamed}");
        assert!(reply(poll).starts_with("HTTP/1.1 204"));
        read_until(socket, || rig.turn(), |bytes| ends_with_text(bytes, r#"{"refused":7}"#));
        assert_eq!(rig.driver.hub.subscribers, 1, "the socket is for what else there is");
    });
}
