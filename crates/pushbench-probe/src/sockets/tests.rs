//! The census of sockets that are opened and closed by hand.

use std::{
    io::Read,
    net::{Shutdown, TcpListener, TcpStream},
};

use super::*;

/// A connection over loopback, as (client's end, target's end).
fn connect(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// A listener on a port with a clean past: one that the kernel hands out may still have connections of
/// an earlier run in `TIME_WAIT`, which count too.
fn listen(address: &str) -> (TcpListener, u16) {
    let mut diag = SocketDiag::open().unwrap();
    let listeners = (0..500).map(|_| TcpListener::bind(address).unwrap());
    let mut with_port = listeners.map(|listener| {
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    });
    with_port.find(|&(_, port)| diag.census(&[port]).unwrap() == Census::default()).unwrap()
}

/// Waits until the peer's FIN has come.
fn read_end(mut stream: &TcpStream) {
    assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0);
}

/// Takes the census until it is as expected. On loopback it is so at once, but FINs travel through the
/// kernel's deferred work, which may lag on a busy machine.
fn expect(ports: &[u16], expected: Census) {
    let mut diag = SocketDiag::open().unwrap();
    let mut census = Census::default();
    for _ in 0..10_000 {
        census = diag.census(ports).unwrap();
        if census == expected {
            return;
        }
        std::thread::yield_now();
    }
    assert_eq!(census, expected);
}

fn established(count: u32) -> States {
    States { established: count, ..States::default() }
}

#[test]
fn connections_are_counted_by_state_on_both_sides() {
    let (listener, port) = listen("127.0.0.1:0");
    let mut open: Vec<_> = (0..5).map(|_| connect(&listener)).collect();
    expect(&[port], Census { client: established(5), target: established(5) });

    // Half-closed by the target: its side waits in FIN_WAIT2, the client's in CLOSE_WAIT.
    for (client, target) in &open[..2] {
        target.shutdown(Shutdown::Write).unwrap();
        read_end(client);
    }
    expect(
        &[port],
        Census {
            client: States { established: 3, close_wait: 2, ..States::default() },
            target: States { established: 3, closing: 2, ..States::default() },
        },
    );

    // Closed by both, the target first: its side keeps TIME_WAIT, the client's is gone.
    for (client, target) in open.drain(..2) {
        client.shutdown(Shutdown::Write).unwrap();
        read_end(&target);
    }
    // Closed by both, the client first: now it is the client's side that keeps it.
    let (client, target) = open.pop().unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    read_end(&target);
    target.shutdown(Shutdown::Write).unwrap();
    read_end(&client);
    expect(
        &[port],
        Census {
            client: States { established: 2, time_wait: 1, ..States::default() },
            target: States { established: 2, time_wait: 2, ..States::default() },
        },
    );
}

#[test]
fn a_connection_nobody_accepts_is_established() {
    let (listener, port) = listen("127.0.0.1:0");
    let _waiting = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    expect(&[port], Census { client: established(1), target: established(1) });
}

#[test]
fn only_the_listed_ports_count_whatever_their_order() {
    let (listeners, mut ports): (Vec<_>, Vec<_>) =
        [(); 3].map(|()| listen("127.0.0.1:0")).into_iter().unzip();
    let _open: Vec<_> = listeners.iter().map(connect).collect();
    ports.sort_unstable_by(|a, b| b.cmp(a));
    for listed in 0..=3 {
        let count = established(listed as u32);
        expect(&ports[..listed], Census { client: count, target: count });
    }
}

#[test]
fn ipv6_counts_with_ipv4() {
    if TcpListener::bind("[::1]:0").is_err() {
        return; // This host has no IPv6.
    }
    // Both families on one port.
    let (_listener, port) = listen("[::]:0");
    let _ipv4 = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let _ipv6 = TcpStream::connect(("::1", port)).unwrap();
    expect(&[port], Census { client: established(2), target: established(2) });
}

#[test]
fn every_state_has_its_group() {
    let mut states = States::default();
    (0..=u8::MAX).filter_map(State::from_number).for_each(|state| states.add(state));
    let expected = States { established: 1, opening: 2, closing: 4, close_wait: 1, time_wait: 1 };
    assert_eq!(states, expected);
    assert_eq!(states.total(), 9);
}

#[test]
fn the_owner_of_a_listening_port_is_this_process() {
    let (_listener, port) = listen("127.0.0.1:0");
    let owner = listener_owner(port).unwrap();
    // A child that another test forks meanwhile has a higher id, unless the ids have wrapped around.
    assert_eq!(owner.pid, std::process::id());
    let own_name = std::fs::read_to_string("/proc/self/comm").unwrap();
    assert_eq!(owner.name, own_name.trim_end());

    // No socket can listen on port zero.
    assert_eq!(listener_owner(0), None);
}
