//! Clients that leave: by an end of their direction, by a reset, with and without unread bytes.

use super::*;
use rustix::net::sockopt::set_socket_linger;
use std::net::Shutdown;

/// How a client leaves.
#[derive(Debug, Clone, Copy)]
enum Leave {
    /// It ends its direction, and could still read.
    End,
    Reset,
}

fn leave(client: TcpStream, how: Leave) -> Option<TcpStream> {
    match how {
        Leave::End => client.shutdown(Shutdown::Write).map(|()| client).ok(),
        Leave::Reset => {
            set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
            None
        }
    }
}

fn ask(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").into_bytes()
}

#[test]
fn a_client_that_leaves_behind_more_than_is_read_is_gone() {
    run(|| {
        for how in [Leave::End, Leave::Reset] {
            for at_once in [true, false] {
                let mut rig = Rig::new();
                let (mut client, _) = rig.connect();
                client.write_all(&ask("/long-poll?timeout=1h")).unwrap();
                client.write_all(&ask("/poll").repeat(1000)).unwrap();
                if !at_once {
                    rig.turns();
                    assert!(rig.is_subscribed());
                }
                let _client = leave(client, how);
                rig.turns();
                assert_eq!((rig.is_subscribed(), rig.driver.len()), (false, 0), "{how:?} {at_once}");
            }
        }
    });
}

#[test]
fn what_a_client_asked_for_before_it_ended_does_not_go_on_after() {
    run(|| {
        for path in ["/long-poll?timeout=1h", "/sse"] {
            for before in [0, 1, 31, 32, 33, 100] {
                let mut rig = Rig::new();
                let (mut client, _) = rig.connect();
                let asked = [ask("/poll").repeat(before), ask(path)].concat();
                client.write_all(&asked).unwrap();
                client.shutdown(Shutdown::Write).unwrap();
                rig.turns();
                assert_eq!((rig.is_subscribed(), rig.driver.len()), (false, 0), "{before} and {path}");
                let replies = read_until(
                    &mut client,
                    || {},
                    |bytes| String::from_utf8_lossy(bytes).matches("HTTP/1.1 204").count() == before,
                );
                drop(replies);
            }
        }
    });
}

#[test]
fn a_stream_that_is_reset_while_nothing_is_blocked_is_gone() {
    run(|| {
        let mut rig = Rig::new();
        for path in ["/sse", "/long-poll?timeout=1h"] {
            let (mut client, _) = rig.connect();
            client.write_all(&ask(path)).unwrap();
            rig.turns();
            assert!(rig.is_subscribed());
            leave(client, Leave::Reset);
            rig.turns();
            assert_eq!((rig.is_subscribed(), rig.driver.len()), (false, 0), "{path}");
        }
    });
}

#[test]
fn a_connection_that_cannot_be_entered_is_accounted_for() {
    run(|| {
        let mut rig = Rig::new();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let socket = OwnedFd::from(listener.accept().unwrap().0);
        // It is watched already, so it cannot be once more.
        rig.driver.poller.add(&socket, 7).unwrap();
        let socket = MeteredSocket::new(&rig.driver.meter, socket);
        assert!(rig.driver.enter(socket, now_ns()).is_none());
        let whole = rig.driver.meter.whole();
        assert_eq!((whole.sockets, whole.unread), (1, 0));
    });
}
