//! Messages that wait for their connection, and second connections.

use super::*;
use crate::sends::Outgoing;
use pushbench_measure::PhaseEdges;
use pushbench_transport::client::Identity;
use pushbench_transport::envelope::stamp_of;
use pushbench_transport::uplink::Uplink;
use std::collections::VecDeque;

const ACCEPTED: &[u8] = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
const EDGES: PhaseEdges = PhaseEdges { start_ns: 0, measure_ns: 0, drain_ns: u64::MAX, end_ns: u64::MAX };

/// The second connection of a client, which has not begun to connect.
fn uplink(target: SocketAddr) -> Rig {
    let identity = Identity { host: "a".into(), topic: "t0".into(), seed: 1, phase: 0.0, resume: true };
    let mut rig = Rig::new(target, Vec::new(), HOLD);
    rig.client = Client::new(UPLINK, Box::new(Uplink::of(identity)));
    rig.client.give_outbox("t0".into());
    rig.recorder.own.push(VecDeque::new());
    rig.recorder.edges = Some(EDGES);
    rig
}

impl Rig {
    fn say(&mut self, n: u64) {
        let message = Outgoing { due_ns: now_ns(), n, size: 100 };
        self.input(|client, turn| client.send(message, turn));
    }

    /// The connection that it opens.
    fn accepted(&mut self, listener: &TcpListener) -> TcpStream {
        let (stream, _) = listener.accept().unwrap();
        self.input(Client::on_writable);
        stream
    }
}

/// The number and the instant of the message in a request, and what came behind it.
fn published(stream: &mut TcpStream) -> (u64, u64) {
    let (mut bytes, mut length) = ([0; 1024], 0);
    loop {
        let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() == 100
        {
            assert!(head.starts_with("POST /publish?topic=t0 HTTP/1.1\r\n"), "{head}");
            let stamp = stamp_of(body.as_bytes()).unwrap();
            assert!(stamp.due_ns <= stamp.published_ns);
            return (stamp.n, stamp.published_ns);
        }
        length += stream.read(&mut bytes[length..]).unwrap();
    }
}

#[test]
fn messages_go_one_after_the_other_and_say_when_they_went() {
    within_a_minute(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut rig = uplink(listener.local_addr().unwrap());
        // Before there is a connection.
        rig.input(Client::on_time);
        rig.say(1);
        assert_eq!(rig.client.waiting_messages().len(), 1);
        let mut stream = rig.accepted(&listener);
        assert_eq!(published(&mut stream).0, 1);
        // While the reply is out.
        rig.say(2);
        rig.say(5);
        assert_eq!(rig.client.waiting_messages().len(), 2);
        for n in [2, 5] {
            let answered_ns = now_ns();
            stream.write_all(ACCEPTED).unwrap();
            rig.readable();
            let (sent, published_ns) = published(&mut stream);
            assert!(sent == n && published_ns >= answered_ns, "{n}: it is stamped when it goes");
        }
        let tally = rig.recorder.messages;
        assert_eq!((tally.sent, tally.late, rig.client.waiting_messages().len()), (3, 3, 0));
        assert_eq!(rig.recorder.own[0], [1, 2, 5]);
        assert_eq!((rig.recorder.counters.requests, rig.recorder.counters.up.payload), (3, 300));
        assert_eq!(
            (rig.recorder.ready_now, rig.recorder.ever_connected),
            (0, 0),
            "it is no client's transport"
        );
    });
}

#[test]
fn a_connection_that_ended_idle_is_opened_again_by_the_next_message() {
    within_a_minute(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut rig = uplink(listener.local_addr().unwrap());
        rig.input(Client::on_time);
        drop(rig.accepted(&listener));
        rig.readable();
        assert_eq!((rig.client.stage, rig.thread.held), (Stage::Away(Reopen::Planned), 0));
        assert_eq!(rig.look(), [], "and not before");
        rig.say(7);
        let mut stream = rig.accepted(&listener);
        assert_eq!(published(&mut stream).0, 7);
        // The server is done with the connection when it has answered; the next message is there by then.
        rig.say(8);
        stream.write_all(b"HTTP/1.1 202 Accepted\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").unwrap();
        drop(stream);
        while rig.thread.held > 0 {
            rig.readable();
        }
        let (at_ns, _) = rig.thread.wheel.pop_due(now_ns()).unwrap();
        rig.input(|client, turn| client.wake(at_ns, now_ns(), turn));
        let mut stream = rig.accepted(&listener);
        assert_eq!(published(&mut stream).0, 8);
        let counters = rig.recorder.counters;
        assert_eq!((counters.opened, counters.closed, counters.reconnects, counters.errors()), (3, 2, 0, 0));
    });
}

#[test]
fn what_was_under_way_on_a_broken_connection_is_not_sent_again_and_the_rest_waits() {
    within_a_minute(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut rig = uplink(listener.local_addr().unwrap());
        rig.input(Client::on_time);
        let mut stream = rig.accepted(&listener);
        rig.say(1);
        published(&mut stream);
        rig.say(2);
        drop(stream);
        rig.readable();
        assert_eq!((rig.client.stage, rig.client.waiting_messages().len()), (Stage::Away(Reopen::Lost), 1));
        // The pause is waited for, whatever there is to be sent.
        rig.say(3);
        assert_eq!((rig.client.stage, rig.look()), (Stage::Away(Reopen::Lost), vec![]));
        rig.input(Client::on_time);
        let mut stream = rig.accepted(&listener);
        assert_eq!(published(&mut stream).0, 2);
        assert_eq!((rig.recorder.counters.reconnects, rig.client.waiting_messages().len()), (1, 1));
    });
}
