//! Which process listens on a port, for the message of a bind that failed.
//!
//! Best effort: files of other users' processes cannot be looked at without privilege.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    diag::SocketDiag,
    wire::{Socket, StateMask},
};

/// A process that holds a listening socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Its process id.
    pub pid: u32,
    /// The name of its program, as the kernel keeps it: 15 bytes at most.
    pub name: String,
}

/// The process with the lowest id that listens on `port` at any local address.
///
/// `None` when nobody listens, when the owner belongs to another user, or when the kernel does not tell.
#[must_use]
pub fn listener_owner(port: u16) -> Option<Owner> {
    let collect = |inodes: &mut Vec<u32>, socket: Socket| {
        if socket.local_port == port {
            inodes.push(socket.inode);
        }
    };
    let inodes = SocketDiag::open().ok()?.gather(StateMask::listeners(), collect).ok()?;
    if inodes.is_empty() {
        return None;
    }
    let links: Vec<PathBuf> = inodes.iter().map(|inode| format!("socket:[{inode}]").into()).collect();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut pids: Vec<u32> =
        processes.filter_map(|process| process.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    let pid = pids.into_iter().find(|pid| holds_any(&Path::new("/proc").join(pid.to_string()), &links))?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim_end().to_owned();
    Some(Owner { pid, name })
}

/// Whether the process of this `/proc` folder has one of the `links` open.
fn holds_any(process: &Path, links: &[PathBuf]) -> bool {
    let Ok(files) = fs::read_dir(process.join("fd")) else { return false };
    files.flatten().filter_map(|file| fs::read_link(file.path()).ok()).any(|link| links.contains(&link))
}
