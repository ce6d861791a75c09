//! Networks of their own for processes: network namespaces without a name, and a virtual Ethernet cable between two.
//!
//! A namespace lives as long as a process or an open file holds it, and takes its devices with it: nothing has to be
//! removed, whatever becomes of the process that made it. No file is made and no other program is called.
//! What runs in a namespace, and which addresses it wants, is not decided here.

mod cable;
mod namespace;
mod route;
mod wire;

use rustix::thread::{CapabilitySet, capabilities};

pub use self::{
    cable::{Cable, mtu},
    namespace::Namespace,
};

/// A privilege that making networks takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privilege {
    /// `CAP_SYS_ADMIN`: to make and enter namespaces.
    SysAdmin,
    /// `CAP_NET_ADMIN`: to make devices and give them addresses.
    NetAdmin,
}

impl Privilege {
    /// The name of the capability (`capabilities(7)`).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SysAdmin => "CAP_SYS_ADMIN",
            Self::NetAdmin => "CAP_NET_ADMIN",
        }
    }
}

/// What this thread lacks to make networks; where the kernel does not tell, nothing is said to be lacking. Makes nothing:
/// a security policy may refuse all the same.
#[must_use]
pub fn privileges_lacking() -> Vec<Privilege> {
    let Ok(sets) = capabilities(None) else { return Vec::new() };
    let needed =
        [(Privilege::SysAdmin, CapabilitySet::SYS_ADMIN), (Privilege::NetAdmin, CapabilitySet::NET_ADMIN)];
    let lacking = needed.into_iter().filter(|(_, capability)| !sets.effective.contains(*capability));
    lacking.map(|(privilege, _)| privilege).collect()
}

#[cfg(test)]
mod tests;
