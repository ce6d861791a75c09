//! How much one turn does, and how long a client may take.

use super::*;
use crate::patience::Overdue;

const POLL: &[u8] = b"GET /poll?after=0 HTTP/1.1\r\nhost: a\r\n\r\n";

impl Rig {
    /// What a client would be overdue with after so many seconds.
    fn overdue(&mut self, key: Key, seconds: u64) -> Option<Overdue> {
        let limits = self.driver.limits;
        let patience = self.driver.get(key).unwrap().pipe.patience;
        patience.overdue(now_ns() + seconds * SECOND_NS, &limits)
    }

    /// Whether a client is given the time for its next request, not only that for a head.
    fn is_idle(&mut self, key: Key) -> bool {
        let [head, idle] = [self.driver.limits.head_timeout, self.driver.limits.idle_timeout];
        let after = |time: Duration| time.as_secs() + 1;
        self.overdue(key, after(head)).is_none() && self.overdue(key, after(idle)) == Some(Overdue::Request)
    }
}

#[test]
fn a_connection_that_comes_back_has_the_time_of_an_idle_one() {
    run(|| {
        let mut rig = Rig::new();
        let (mut client, key) = rig.connect();
        client.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        rig.turns();
        assert!(rig.driver.get(key).is_none());
        let Lent { socket, .. } = rig.driver.to_lend.pop().unwrap();
        rig.driver.adopt(Adopted { socket, bytes: POLL.to_vec() }, now_ns());
        rig.turns();
        assert!(reply(&mut client).starts_with("HTTP/1.1 204"));
        let (place, connection) = rig.driver.connections.iter().next().unwrap();
        let key = Key::of(place, connection.generation);
        assert!(rig.is_idle(key));
    });
}

#[test]
fn a_client_that_took_long_to_read_a_reply_has_the_time_of_an_idle_one() {
    run(|| {
        let mut rig = Rig::new();
        let (mut client, key) = rig.connect();
        // More than the buffers of the sockets hold.
        let size = 24 << 20;
        rig.publish("x".repeat(size));
        client.write_all(POLL).unwrap();
        rig.turns();
        assert_eq!(rig.overdue(key, 61), Some(Overdue::Reading));
        read_until(&mut client, || rig.turn(), |bytes| bytes.len() > size);
        rig.turns();
        assert!(rig.is_idle(key));
    });
}

#[test]
fn half_a_head_behind_a_whole_one_has_the_time_of_a_head() {
    run(|| {
        let mut rig = Rig::new();
        let (mut client, key) = rig.connect();
        client.write_all(&[POLL, &POLL[..9]].concat()).unwrap();
        rig.turns();
        assert!(reply(&mut client).starts_with("HTTP/1.1 204"));
        assert_eq!(rig.overdue(key, 11), Some(Overdue::Request));
        // More of it does not prolong it, and the rest makes it whole.
        for byte in &POLL[9..] {
            assert!(!rig.is_idle(key));
            client.write_all(&[*byte]).unwrap();
            rig.turns();
        }
        assert!(reply(&mut client).starts_with("HTTP/1.1 204"));
        assert!(rig.is_idle(key));
    });
}

#[test]
fn a_head_that_is_too_long_is_not_served() {
    run(|| {
        let mut rig = Rig::new();
        let most = rig.driver.limits.head_bytes;
        let long = |size: usize| {
            let rest = size - b"GET /poll HTTP/1.1\r\nhost: a\r\nx: \r\n\r\n".len();
            format!("GET /poll HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "y".repeat(rest))
        };
        for (size, lent) in [(most, 0), (most + 1, 1)] {
            let (mut client, _) = rig.connect();
            client.write_all(long(size).as_bytes()).unwrap();
            rig.turns();
            assert_eq!(rig.driver.to_lend.len(), lent, "{size} bytes");
        }
    });
}

#[test]
fn one_turn_serves_some_and_lets_everything_else_go_on() {
    const MANY: usize = 200;
    run(|| {
        let mut rig = Rig::new();
        let (mut subscriber, _) = rig.connect();
        subscriber.write_all(b"GET /sse HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        rig.turns();
        assert!(rig.is_subscribed());
        for in_one_flight in [1, 10] {
            let mut clients: Vec<_> = (0..MANY).map(|_| rig.connect().0).collect();
            rig.turns();
            let (requests, sent) = (rig.driver.counters.requests.get(), rig.driver.hub.sent);
            for client in &mut clients {
                let ask = b"GET /poll HTTP/1.1\r\nhost: a\r\n\r\n".repeat(in_one_flight);
                client.write_all(&ask).unwrap();
            }
            rig.publish("event");
            rig.turn();
            let served = rig.driver.counters.requests.get() - requests;
            assert_eq!(rig.driver.hub.sent - sent, 1, "the event is written in the same turn");
            assert!((10..100).contains(&served), "{served}");
            (0..MANY).for_each(|_| rig.turn());
            let served = rig.driver.counters.requests.get() - requests;
            assert_eq!(served as usize, MANY * in_one_flight);
        }
    });
}

#[test]
fn requests_that_were_read_before_their_turn_are_bounded_too() {
    const MANY: usize = 60;
    run(|| {
        let mut rig = Rig::new();
        let mut clients: Vec<_> = (0..MANY).map(|_| rig.connect().0).collect();
        rig.turns();
        for client in &mut clients {
            client.write_all(&b"GET /poll HTTP/1.1\r\nhost: a\r\n\r\n".repeat(100)).unwrap();
        }
        let mut before = rig.driver.counters.requests.get();
        for _ in 0..MANY * 100 {
            rig.turn();
            let after = rig.driver.counters.requests.get();
            assert!(after - before < 250, "{}", after - before);
            before = after;
        }
        assert_eq!(before as usize, MANY * 100);
    });
}

#[test]
fn the_last_reply_while_the_target_shuts_down_says_so_and_is_the_last() {
    // RFC 9112, section 9.6; who speaks HTTP/1.0 is told nothing, which says it too (section 9.3).
    let table = [
        ("HEAD /sse HTTP/1.1", "", "", "close"),
        ("HEAD /sse HTTP/1.0", "connection: keep-alive\r\n", "keep-alive", ""),
        ("GET /sse HTTP/1.1", "", "", "close"),
        ("HEAD /poll HTTP/1.1", "", "", "close"),
        ("GET /poll HTTP/1.1", "", "", "close"),
        ("GET /poll HTTP/1.0", "connection: keep-alive\r\n", "keep-alive", ""),
        ("GET /poll?after=x HTTP/1.1", "", "", "close"),
        ("GET /long-poll?timeout=0s HTTP/1.1", "", "", "close"),
        ("GET /ws HTTP/1.1", "", "Upgrade", "Upgrade, close"),
    ];
    run(|| {
        for (asked, fields, open, last) in table {
            for (closing, said) in [(false, open), (true, last)] {
                let mut rig = Rig::new();
                let (mut client, key) = rig.connect();
                rig.driver.closing = closing;
                client.write_all(format!("{asked}\r\nhost: a\r\n{fields}\r\n").as_bytes()).unwrap();
                rig.turns();
                let reply = reply(&mut client);
                let connection = reply.lines().find_map(|line| line.strip_prefix("connection: "));
                assert_eq!(connection.unwrap_or_default(), said, "{asked}, {closing}: {reply}");
                let ends = rig.driver.get(key).is_none_or(|it| matches!(it.mode, Mode::Lingering));
                assert_eq!(ends, closing, "{asked}");
            }
        }
    });
}
