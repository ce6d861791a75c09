//! Readings of the Linux kernel: clock, timers, sockets, processes, memory and limits.
//!
//! Every module takes one source of the kernel apart and returns plain numbers. Nothing here knows what a
//! client, a transport or a result is, nothing is recorded, and nothing is printed. Text of `/proc` and bytes of
//! netlink are parsed by pure functions; a thin shell around each does the reading.
//!
//! Errors are [`std::io::Error`]; where a file of `/proc` was the source, the text names its path.
//! The few `unsafe` calls of the project are in this crate, each where [`rustix`] lacks the call.
//!
//! One module changes something: [`network`] makes networks of their own for the processes of a run.

pub mod affinity;
pub mod alarm;
pub mod bell;
pub mod clock;
mod control_group;
pub mod cpu;
pub mod host;
pub mod limits;
pub mod memory;
mod netlink;
pub mod netstat;
pub mod network;
mod proc_file;
pub mod process;
pub mod readiness;
pub mod socket;
pub mod sockets;
pub mod sockstat;
pub mod tcp_info;
pub mod timer;
pub mod timers;
pub mod wheel;
