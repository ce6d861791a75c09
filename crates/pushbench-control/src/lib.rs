//! Messages between the coordinator of a run and its processes, and what carries them.
//!
//! Messages are JSON, one a line, so that they can be read by eye and later travel through a broker to other
//! machines. On one machine the carrier is a Unix socket that the child inherits as its standard input: nothing is
//! installed, nothing is left behind, and either side notices at once when the other dies. What a message makes a
//! process do is not known here, nor is any transport.

mod carrier;
mod child;
mod message;

pub use carrier::{CarrierError, Receiver, Sender, pair};
pub use child::{Child, ChildError, inherited};
pub use message::{Blame, Failure, FromTarget, FromWorker, Hello, PROTOCOL, ToTarget, ToWorker};
