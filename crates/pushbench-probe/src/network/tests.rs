//! Namespaces and cables that are really made, where this process may.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::Command,
};

use super::*;
use crate::{
    limits, netstat,
    sockets::{SocketDiag, States},
    sockstat,
};

const TARGET: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
const WORKERS: [Ipv4Addr; 2] = [Ipv4Addr::new(198, 19, 0, 1), Ipv4Addr::new(198, 19, 0, 2)];

/// A cable, or nothing where this process lacks the privileges, which is said.
fn cable() -> Option<[Namespace; 2]> {
    let lacking = privileges_lacking();
    let cable = Cable { mtu: 1500, prefix: 15, addresses: [vec![TARGET], WORKERS.to_vec()] };
    let laid = cable.lay();
    if lacking.is_empty() {
        return Some(laid.unwrap());
    }
    let error = laid.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "{error}");
    assert!(error.to_string().starts_with("cannot make "), "{error}");
    None
}

/// A connection from an address of the workers' end, as (worker's socket, target's socket).
fn connect(
    listener: &TcpListener,
    [_, workers]: &[Namespace; 2],
    source: Ipv4Addr,
) -> (TcpStream, TcpStream) {
    let target = listener.local_addr().unwrap();
    let socket = workers.inside(|| crate::socket::client_socket(target, Some(source.into()))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let worker = runtime.block_on(async { socket.connect(target).await.unwrap().into_std().unwrap() });
    worker.set_nonblocking(false).unwrap();
    (worker, listener.accept().unwrap().0)
}

fn listen([targets, _]: &[Namespace; 2], port: u16) -> TcpListener {
    targets.inside(|| TcpListener::bind(SocketAddr::from((TARGET, port)))).unwrap()
}

#[test]
fn a_cable_carries_packets_of_its_mtu_from_every_address() {
    let Some(ends) = cable() else { return };
    let listener = listen(&ends, 0);
    for source in WORKERS {
        let (mut worker, mut target) = connect(&listener, &ends, source);
        assert_eq!(target.peer_addr().unwrap().ip(), source);
        for socket in [&worker, &target] {
            assert_eq!(rustix::net::sockopt::ip_mtu(socket).unwrap(), 1500);
        }
        target.write_all(b"over").unwrap();
        let mut received = [0; 4];
        worker.read_exact(&mut received).unwrap();
        assert_eq!(&received, b"over");
    }
    assert_eq!(ends.each_ref().map(|end| mtu(end).unwrap()), [1500; 2]);
}

#[test]
fn what_is_in_a_namespace_is_seen_from_there_only() {
    let Some(ends) = cable() else { return };
    // Opened before there is anything to see, read from outside.
    let totals = ends.each_ref().map(|end| end.inside(sockstat::Reader::open).unwrap());
    assert_eq!(totals.each_ref().map(|totals| totals.read().unwrap().tcp_inuse), [0, 0]);
    // A port of the range from which the kernel may have given one to the worker's end.
    let listener = listen(&ends, 0);
    let port = listener.local_addr().unwrap().port();
    let open = WORKERS.map(|source| connect(&listener, &ends, source));
    let established = |established| States { established, ..States::default() };
    let [mut targets, mut workers] = ends.each_ref().map(|end| SocketDiag::open_in(end).unwrap());
    assert_eq!(targets.target_side(&[port]).unwrap(), established(2));
    assert_eq!(targets.client_side(&[port]).unwrap(), established(0));
    assert_eq!(workers.client_side(&[port]).unwrap(), established(2));
    assert_eq!(workers.target_side(&[port]).unwrap(), established(0));
    // The target's end also has the listener.
    assert_eq!(ends.each_ref().map(|end| end.inside(sockstat::read).unwrap().tcp_inuse), [3, 2]);
    assert_eq!(totals.map(|totals| totals.read().unwrap().tcp_inuse), [3, 2]);
    assert_eq!(ends[0].inside(netstat::listen_overflows).unwrap(), 0);
    drop(open);
}

#[test]
fn a_port_of_the_targets_may_be_a_workers_own_and_is_no_target_then() {
    let Some(ends) = cable() else { return };
    // Another listener of the target's namespace, with the port of the worker's end of a connection.
    let listener = listen(&ends, 0);
    let (worker, _target) = connect(&listener, &ends, WORKERS[0]);
    let same = listen(&ends, worker.local_addr().unwrap().port());
    let ports = [listener, same].map(|listener| listener.local_addr().unwrap().port());
    let mut diag = SocketDiag::open_in(&ends[1]).unwrap();
    assert_eq!(diag.client_side(&ports).unwrap().established, 1);
    assert_eq!(diag.census(&ports).unwrap().client.established, 0, "why the sides are counted apart");
}

#[test]
fn a_new_namespace_has_the_kernels_own_range_of_ports() {
    let Some(ends) = cable() else { return };
    assert_eq!(ends[1].inside(limits::ephemeral_ports).unwrap(), Namespace::PORTS);
}

#[test]
fn a_program_runs_in_the_namespace_and_its_parent_does_not() {
    let Some([targets, _]) = cable() else { return };
    let own = || std::fs::read_link("/proc/thread-self/ns/net");
    let here = own().unwrap();
    let mut command = Command::new("readlink");
    command.arg("/proc/self/ns/net");
    targets.host(&mut command);
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert_eq!(said.trim(), targets.inside(own).unwrap().to_str().unwrap());
    assert_ne!(said.trim(), here.to_str().unwrap());
    assert_eq!(own().unwrap(), here);
}

#[test]
fn errors_say_what_could_not_be_done() {
    if !privileges_lacking().is_empty() {
        return;
    }
    let twice = Cable { mtu: 1500, prefix: 15, addresses: [vec![TARGET], vec![WORKERS[0]; 2]] };
    let error = twice.lay().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
    assert!(
        error.to_string().starts_with("cannot give veth0 the address 198.19.0.1: File exists"),
        "{error}"
    );
    let error = Cable { mtu: 1, prefix: 15, addresses: [vec![], vec![]] }.lay().unwrap_err();
    assert!(error.to_string().starts_with("cannot make a pair of veth devices: "), "{error}");
}
