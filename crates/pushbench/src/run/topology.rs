//! What the processes of a step are connected by, and from where the kernel's view of it is taken.
//!
//! Over loopback everything is in the namespace of the coordinator. Over veth the targets have a namespace and the workers
//! have one, and whatever the kernel keeps per namespace is read in both.

use pushbench_probe::network::{Cable, Namespace, Privilege, privileges_lacking};
use pushbench_probe::sockets::{Census, SocketDiag};
use pushbench_probe::sockstat::{self, Sockstat};
use pushbench_probe::{limits, netstat};
use pushbench_scenario::Network;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use super::fleet::Member;

/// Addresses of both ends lie in 198.18.0.0/15, which is set aside for benchmarks (RFC 2544, appendix C.2.2).
const PREFIX: u8 = 15;
const TARGET: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);

/// What to do where this process lacks privileges.
const BE_ROOT: &str = "run as root, or through `unshare --map-root-user`, or in a container with the capabilities SYS_ADMIN \
    and NET_ADMIN, or write network = \"loopback\"";

/// The kernel does not let us have the network that a scenario asks for. The text's second line is a hint.
#[derive(Debug, thiserror::Error)]
#[error("network = \"{}\" cannot be had: {source}\nhint: {}", network.name(), remedy(source))]
pub(crate) struct Unavailable {
    network: Network,
    source: io::Error,
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        // The privileges are there, or it would have been refused before.
        io::ErrorKind::PermissionDenied => {
            "a security policy forbids it: allow unshare and setns (seccomp), or write network = \"loopback\""
        }
        io::ErrorKind::Unsupported => "modprobe veth, or write network = \"loopback\"",
        io::ErrorKind::StorageFull => "raise sysctl user.max_net_namespaces",
        _ => "write network = \"loopback\"",
    }
}

/// Why this process may not have such a network, as far as that is known without making one: a line and a hint.
pub(crate) fn lacking_privileges(network: Network) -> Option<String> {
    let lacking: Vec<&str> = match network {
        Network::Loopback => return None,
        Network::Veth => privileges_lacking().into_iter().map(Privilege::name).collect(),
    };
    let (name, lacking) = (network.name(), lacking.join(" and "));
    (!lacking.is_empty())
        .then(|| format!("network = \"{name}\": this process lacks {lacking}\n  hint: {BE_ROOT}"))
}

/// What a step's processes are connected by. What was made for it is gone when the last clone and the last process are.
#[derive(Debug, Clone)]
pub(crate) enum Topology {
    Loopback,
    Veth { targets: Namespace, workers: Namespace },
}

impl Topology {
    /// Makes what is needed for that many workers.
    pub(crate) fn make(network: Network, workers: u32) -> Result<Self, Unavailable> {
        match network {
            Network::Loopback => Ok(Self::Loopback),
            Network::Veth => {
                let addresses = (0..workers).map(|worker| numbered([198, 19], worker)).collect();
                let cable =
                    Cable { mtu: network.mtu(), prefix: PREFIX, addresses: [vec![TARGET], addresses] };
                let [targets, workers] = cable.lay().map_err(|source| Unavailable { network, source })?;
                Ok(Self::Veth { targets, workers })
            }
        }
    }

    /// The namespace that a process is to run in, if not that of the coordinator.
    pub(crate) fn namespace_of(&self, member: Member) -> Option<&Namespace> {
        match (self, member) {
            (Self::Loopback, _) => None,
            (Self::Veth { targets, .. }, Member::Target(_)) => Some(targets),
            (Self::Veth { workers, .. }, Member::Worker(_)) => Some(workers),
        }
    }

    /// Where a target is to listen, on any port.
    pub(crate) fn listen(&self) -> SocketAddr {
        let address = match self {
            Self::Loopback => Ipv4Addr::LOCALHOST,
            Self::Veth { .. } => TARGET,
        };
        SocketAddr::from((address, 0))
    }

    /// The address a worker connects from: one each, so that each has all ephemeral ports towards every target.
    pub(crate) fn source(&self, worker: u32) -> Ipv4Addr {
        match self {
            Self::Loopback => numbered([127, 1], worker),
            Self::Veth { .. } => numbered([198, 19], worker),
        }
    }

    /// First and last port of the workers' connections, as they are now.
    pub(crate) fn ephemeral_ports(&self) -> io::Result<(u16, u16)> {
        match self {
            Self::Loopback => limits::ephemeral_ports(),
            Self::Veth { workers, .. } => workers.inside(limits::ephemeral_ports),
        }
    }

    /// How many of the ports for the workers' connections other programs have; `targets` are the ports of the run's own.
    pub(crate) fn ports_of_others(&self, targets: &[u16]) -> io::Result<u64> {
        let (first, last) = self.ephemeral_ports()?;
        let mut diag = match self {
            Self::Loopback => SocketDiag::open()?,
            Self::Veth { workers, .. } => SocketDiag::open_in(workers)?,
        };
        Ok(diag.ports_of_others(&(first..=last), targets)? as u64)
    }

    /// Connection attempts that a listener lost until now.
    pub(crate) fn listen_overflows(&self) -> io::Result<u64> {
        match self {
            Self::Loopback => netstat::listen_overflows(),
            Self::Veth { targets, .. } => targets.inside(netstat::listen_overflows),
        }
    }
}

/// The address of a worker below the first two bytes of its network.
fn numbered([first, second]: [u8; 2], worker: u32) -> Ipv4Addr {
    let [_, _, third, fourth] = (worker % 65_000 + 1).to_be_bytes();
    Ipv4Addr::new(first, second, third, fourth)
}

/// Counts the sockets of a step by state.
#[derive(Debug)]
pub(crate) enum Counter {
    Together(SocketDiag),
    Apart { targets: SocketDiag, workers: SocketDiag },
}

impl Counter {
    pub(crate) fn open(topology: &Topology) -> io::Result<Self> {
        Ok(match topology {
            Topology::Loopback => Self::Together(SocketDiag::open()?),
            Topology::Veth { targets, workers } => {
                Self::Apart { targets: SocketDiag::open_in(targets)?, workers: SocketDiag::open_in(workers)? }
            }
        })
    }

    /// Counts the connections to the targets' ports, on both sides.
    pub(crate) fn census(&mut self, ports: &[u16]) -> io::Result<Census> {
        match self {
            Self::Together(diag) => diag.census(ports),
            Self::Apart { targets, workers } => {
                Ok(Census { client: workers.client_side(ports)?, target: targets.target_side(ports)? })
            }
        }
    }
}

/// Reads TCP's totals over and over, without entering a namespace each time.
#[derive(Debug)]
pub(crate) enum Totals {
    Together(sockstat::Reader),
    Apart { targets: sockstat::Reader, workers: sockstat::Reader },
}

impl Totals {
    pub(crate) fn open(topology: &Topology) -> io::Result<Self> {
        let open = sockstat::Reader::open;
        Ok(match topology {
            Topology::Loopback => Self::Together(open()?),
            Topology::Veth { targets, workers } => {
                Self::Apart { targets: targets.inside(open)?, workers: workers.inside(open)? }
            }
        })
    }

    /// Those of now, over both sides.
    pub(crate) fn read(&self) -> io::Result<Sockstat> {
        match self {
            Self::Together(reader) => reader.read(),
            Self::Apart { targets, workers } => {
                let (of_targets, of_workers) = (targets.read()?, workers.read()?);
                Ok(Sockstat {
                    tcp_inuse: of_targets.tcp_inuse + of_workers.tcp_inuse,
                    tcp_time_wait: of_targets.tcp_time_wait + of_workers.tcp_time_wait,
                    // The kernel keeps one account of it for the whole host.
                    tcp_memory_bytes: of_workers.tcp_memory_bytes,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_reason_has_its_remedy_on_a_line_of_its_own() {
        let table = [
            (io::ErrorKind::PermissionDenied, "a security policy forbids it: "),
            (io::ErrorKind::Unsupported, "modprobe veth, "),
            (io::ErrorKind::StorageFull, "raise sysctl user.max_net_namespaces"),
            (io::ErrorKind::TimedOut, "write network = \"loopback\""),
        ];
        for (kind, remedy) in table {
            let source = io::Error::new(kind, "cannot make it: reason");
            let text = Unavailable { network: Network::Veth, source }.to_string();
            let said = format!("network = \"veth\" cannot be had: cannot make it: reason\nhint: {remedy}");
            assert!(text.starts_with(&said), "{text}");
        }
    }

    #[test]
    fn every_worker_has_an_address_of_its_own_in_the_network_of_its_target() {
        let addresses: BTreeSet<Ipv4Addr> = (0..1000).map(|worker| numbered([198, 19], worker)).collect();
        assert_eq!(addresses.len(), 1000);
        assert_eq!(addresses.first(), Some(&Ipv4Addr::new(198, 19, 0, 1)));
        assert_eq!(addresses.last(), Some(&Ipv4Addr::new(198, 19, 3, 232)));
        let network = |address: Ipv4Addr| address.to_bits() >> (32 - PREFIX);
        assert!(addresses.iter().all(|address| network(*address) == network(TARGET)));
    }
}
