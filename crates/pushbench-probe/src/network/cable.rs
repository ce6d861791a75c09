//! Two new namespaces with a virtual Ethernet cable between them (`veth(4)`).
//!
//! Segmentation offload is left as it is, on, as with most network cards: the kernel cuts a large write late, but counts
//! segments by the MTU.

use std::{
    io,
    net::Ipv4Addr,
    os::fd::{AsFd as _, AsRawFd as _},
    thread::sleep,
    time::Duration,
};

use super::{
    namespace::{Namespace, told},
    route::Route,
    wire::Request,
};

/// The name of the device at either end.
const DEVICE: &str = "veth0";
const LOOPBACK: &str = "lo";
/// Between two looks at a device that is coming up, and how many there are: the kernel does the rest of that work on
/// another thread, usually within a millisecond.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
const LOOKS: u32 = 1_000;

/// What a cable is to be like.
#[derive(Debug, Clone)]
pub struct Cable {
    /// Largest IP packet, in bytes.
    pub mtu: u32,
    /// Leading bits that all addresses of both ends share.
    pub prefix: u8,
    /// Addresses of the two ends.
    pub addresses: [Vec<Ipv4Addr>; 2],
}

impl Cable {
    /// Makes both namespaces and lays the cable, ready for traffic. All of it lasts as long as the namespaces are held.
    ///
    /// # Errors
    /// Without `CAP_SYS_ADMIN` or `CAP_NET_ADMIN` ([`io::ErrorKind::PermissionDenied`]), where the kernel has no such
    /// devices ([`io::ErrorKind::Unsupported`]) or allows no more namespaces; the text says what could not be done.
    pub fn lay(&self) -> io::Result<[Namespace; 2]> {
        let namespaces = [Namespace::create()?, Namespace::create()?];
        let open = |namespace| Route::open_in(namespace).map_err(|error| told(&error, "reach its devices"));
        let mut routes = [open(&namespaces[0])?, open(&namespaces[1])?];
        let peer = namespaces[1].as_fd().as_raw_fd();
        let made = routes[0].ask(Request::make_veth(DEVICE, self.mtu, peer));
        made.map_err(|error| told(&error, "make a pair of veth devices"))?;
        for route in &mut routes {
            for device in [LOOPBACK, DEVICE] {
                let up = route.ask(Request::bring_up(device));
                up.map_err(|error| told(&error, &format!("bring {device} up in a namespace")))?;
            }
        }
        for (route, addresses) in routes.iter_mut().zip(&self.addresses) {
            let index = running(route)?;
            for address in addresses {
                let added = route.ask(Request::add_address(index, *address, self.prefix));
                added.map_err(|error| told(&error, &format!("give {DEVICE} the address {address}")))?;
            }
        }
        Ok(namespaces)
    }
}

/// The MTU of the cable's end in this namespace, in bytes, as the kernel has it.
///
/// # Errors
/// When the namespace cannot be entered, or has no such device.
pub fn mtu(namespace: &Namespace) -> io::Result<u32> {
    let link = Route::open_in(namespace)?.describe(DEVICE);
    Ok(link.map_err(|error| told(&error, &format!("look at {DEVICE}")))?.mtu)
}

/// Waits until the kernel sends through the device, which before drops what it is given; returns its number.
fn running(route: &mut Route) -> io::Result<u32> {
    for _ in 0..LOOKS {
        let link = route.describe(DEVICE).map_err(|error| told(&error, &format!("look at {DEVICE}")))?;
        if link.running {
            return Ok(link.index);
        }
        sleep(LOOK_AGAIN);
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("{DEVICE} does not come up")))
}
