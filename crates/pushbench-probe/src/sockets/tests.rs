//! The census of sockets that are opened and closed by hand.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::fd::{AsRawFd, OwnedFd},
};

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketFlags, SocketType, socket_with},
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
fn what_the_client_closes_first_waits_for_the_target() {
    let (listener, port) = listen("127.0.0.1:0");
    let open: Vec<_> = (0..3).map(|_| connect(&listener)).collect();
    for (client, target) in &open[..2] {
        client.shutdown(Shutdown::Write).unwrap();
        read_end(target);
    }
    let half_closed = Census {
        client: States { established: 1, closing: 2, ..States::default() },
        target: States { established: 1, close_wait: 2, ..States::default() },
    };
    expect(&[port], half_closed);
    // A client whose process is gone waits no less: FIN_WAIT2 without a file.
    let targets: Vec<_> = open.into_iter().map(|(client, target)| (drop(client), target).1).collect();
    expect(
        &[port],
        Census {
            client: States { closing: 3, ..States::default() },
            target: States { close_wait: 3, ..States::default() },
        },
    );
    drop(targets);
    let waiting = States { time_wait: 3, ..States::default() };
    expect(&[port], Census { client: waiting, target: States::default() });
}

#[test]
fn a_connection_that_nobody_answers_is_opening_on_the_client_s_side() {
    let (listener, port) = listen("127.0.0.1:0");
    // Room for one connection that nobody accepts: the kernel passes over the SYNs of others.
    rustix::net::listen(&listener, 0).unwrap();
    let address = listener.local_addr().unwrap();
    let _first = TcpStream::connect(address).unwrap();
    let _asking: Vec<_> = (0..2).map(|_| begin_to_connect(address)).collect();
    expect(
        &[port],
        Census { client: States { established: 1, opening: 2, ..States::default() }, target: established(1) },
    );
}

/// A socket that has sent its SYN and does not wait for an answer.
fn begin_to_connect(address: SocketAddr) -> OwnedFd {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
    assert_eq!(rustix::net::connect(&socket, &address), Err(Errno::INPROGRESS));
    socket
}

#[test]
fn a_connection_that_is_not_confirmed_is_opening_on_the_target_s_side() {
    let (listener, port) = listen("127.0.0.1:0");
    defer_accept(&listener);
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let opening = States { opening: 1, ..States::default() };
    expect(&[port], Census { client: established(1), target: opening });
    client.write_all(b"x").unwrap();
    expect(&[port], Census { client: established(1), target: established(1) });
}

/// Makes connections stay in `SYN_RECV` until their client has sent something (`tcp(7)`).
#[expect(unsafe_code, reason = "no safe wrapper has this option")]
fn defer_accept(listener: &TcpListener) {
    let seconds: libc::c_int = 60;
    // SAFETY: the descriptor is open, and the value is an int that outlives the call, with its own size.
    let set = unsafe {
        libc::setsockopt(
            listener.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_DEFER_ACCEPT,
            (&raw const seconds).cast(),
            size_of_val(&seconds) as libc::socklen_t,
        )
    };
    assert_eq!(set, 0, "{}", io::Error::last_os_error());
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

#[test]
fn ports_of_others_are_all_but_those_of_connections_to_some_remote_ports() {
    let (listener, remote) = listen("127.0.0.1:0");
    // A port that was bound is given to no connection of another test.
    let client = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    rustix::net::bind(&client, &"127.0.0.1:0".parse::<SocketAddr>().unwrap()).unwrap();
    rustix::net::connect(&client, &listener.local_addr().unwrap()).unwrap();
    let local = TcpStream::from(client).local_addr().unwrap().port();
    let mut diag = SocketDiag::open().unwrap();
    let table = [(remote, vec![], 1), (remote, vec![local], 1), (local, vec![], 1), (local, vec![remote], 0)];
    for (port, but, expected) in table {
        let counted = diag.ports_of_others(&(port..=port), &but).unwrap();
        assert_eq!(counted, expected, "{port} of client {local} and target {remote}, but {but:?}");
    }
}
