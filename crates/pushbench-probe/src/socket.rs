//! Sockets for outgoing connections, with the options that a load generator needs.
//!
//! This module creates and binds; connecting and everything after it is the caller's.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpStream},
    os::fd::{AsFd, AsRawFd, OwnedFd},
};

use rustix::net::{
    AddressFamily, Shutdown, SocketFlags, SocketType, bind, ipproto, shutdown, socket_with, sockopt,
};
use tokio::net::TcpSocket;

/// A non-blocking TCP socket for a connection to `target`, with `TCP_NODELAY` set.
///
/// With a `source` it is bound to that address, while the port is left to `connect`
/// (`IP_BIND_ADDRESS_NO_PORT`): so every (source, destination) pair has the whole range of ephemeral ports,
/// instead of one range for all of them.
///
/// # Errors
/// When the process is out of files, when `source` is not an address of this host, or when it is of another
/// family than `target`; the text names the source.
pub fn client_socket(target: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpSocket> {
    Ok(TcpSocket::from_std_stream(TcpStream::from(outgoing(target, source)?)))
}

/// The same socket for those who connect it without tokio.
///
/// # Errors
/// As [`client_socket`].
pub fn outgoing(target: SocketAddr, source: Option<IpAddr>) -> io::Result<OwnedFd> {
    let family = if target.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let fd = socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    sockopt::set_tcp_nodelay(&fd, true)?;
    if let Some(source) = source {
        set_bind_address_no_port(&fd)?;
        bind(&fd, &SocketAddr::new(source, 0)).map_err(|errno| {
            let error = io::Error::from(errno);
            io::Error::new(error.kind(), format!("cannot connect to {target} from {source}: {error}"))
        })?;
    }
    Ok(fd)
}

/// Whether `TCP_NODELAY` is set on `fd`.
///
/// # Errors
/// When `fd` is not a TCP socket.
pub fn no_delay(fd: impl AsFd) -> io::Result<bool> {
    Ok(sockopt::tcp_nodelay(fd)?)
}

/// Sends the end of the stream (a FIN) and leaves reading open.
///
/// # Errors
/// When `fd` is not a connected socket.
pub fn end_of_writing(fd: impl AsFd) -> io::Result<()> {
    Ok(shutdown(fd, Shutdown::Write)?)
}

/// Sets `IP_BIND_ADDRESS_NO_PORT`, which works at the IP level for sockets of both families.
#[expect(unsafe_code, reason = "rustix has no call for this option")]
fn set_bind_address_no_port(fd: &OwnedFd) -> io::Result<()> {
    let enabled: libc::c_int = 1;
    // SAFETY: `fd` is open for the whole call, and the value is a live C int of the length passed.
    let result = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_BIND_ADDRESS_NO_PORT,
            (&raw const enabled).cast(),
            size_of_val(&enabled) as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap().block_on(future)
    }

    fn address(ip: impl Into<IpAddr>) -> SocketAddr {
        SocketAddr::new(ip.into(), 0)
    }

    #[test]
    fn a_connection_comes_from_its_source_without_delay() {
        let source = IpAddr::from([127, 0, 0, 77]);
        let listener = TcpListener::bind(address(Ipv4Addr::LOCALHOST)).unwrap();
        let target = listener.local_addr().unwrap();
        run(async {
            let stream = client_socket(target, Some(source)).unwrap().connect(target).await.unwrap();
            assert!(no_delay(&stream).unwrap());
            assert_eq!(stream.local_addr().unwrap().ip(), source);
        });
        assert_eq!(listener.accept().unwrap().1.ip(), source);
    }

    #[test]
    fn ipv6_connects_where_the_host_has_it() {
        let Ok(listener) = TcpListener::bind(address(Ipv6Addr::LOCALHOST)) else { return };
        let target = listener.local_addr().unwrap();
        for source in [None, Some(IpAddr::from(Ipv6Addr::LOCALHOST))] {
            run(async {
                let stream = client_socket(target, source).unwrap().connect(target).await.unwrap();
                assert!(no_delay(&stream).unwrap());
            });
        }
    }

    #[test]
    fn the_port_is_left_to_connect() {
        let target = SocketAddr::from(([127, 0, 0, 1], 9));
        let socket = client_socket(target, Some(Ipv4Addr::LOCALHOST.into())).unwrap();
        assert_eq!(socket.local_addr().unwrap(), address(Ipv4Addr::LOCALHOST));
    }

    #[test]
    fn a_source_of_another_family_or_host_is_an_error_that_names_it() {
        let target = SocketAddr::from(([127, 0, 0, 1], 9));
        for source in [IpAddr::from(Ipv6Addr::LOCALHOST), IpAddr::from([192, 0, 2, 1])] {
            let error = client_socket(target, Some(source)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("cannot connect to 127.0.0.1:9 from {source}: ")), "{error}");
        }
    }

    #[test]
    fn the_end_of_writing_is_an_end_for_the_peer_and_not_for_reading() {
        use std::io::{Read as _, Write as _};
        let listener = TcpListener::bind(address(Ipv4Addr::LOCALHOST)).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut accepted, _) = listener.accept().unwrap();
        end_of_writing(&client).unwrap();
        assert_eq!(accepted.read(&mut [0; 8]).unwrap(), 0);
        accepted.write_all(b"still").unwrap();
        drop(accepted);
        let mut rest = String::new();
        client.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "still");
        assert!(end_of_writing(std::fs::File::open("/dev/null").unwrap()).is_err());
    }

    #[test]
    fn delay_is_seen_and_a_file_is_refused() {
        let listener = TcpListener::bind(address(Ipv4Addr::LOCALHOST)).unwrap();
        assert!(!no_delay(&listener).unwrap());
        assert!(no_delay(std::fs::File::open("/dev/null").unwrap()).is_err());
    }
}
