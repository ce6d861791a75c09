//! Lines of JSON over a Unix socket.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// Longest line that is read, in bytes: a report of a hundred full histograms stays far below.
const LINE_LIMIT: u64 = 64 << 20;

/// Why a message could not be sent or received.
#[derive(Debug, thiserror::Error)]
pub enum CarrierError {
    /// The other side is gone.
    #[error("the other side closed the control connection")]
    Closed,
    /// The socket failed.
    #[error("control connection: {0}")]
    Io(#[from] io::Error),
    /// The line is not a message of this protocol version.
    #[error("control connection: not a message: {0}")]
    Syntax(#[from] serde_json::Error),
    /// The line is longer than any message.
    #[error("control connection: a line of more than {LINE_LIMIT} bytes")]
    TooLong,
}

/// The sending half.
#[derive(Debug)]
pub struct Sender {
    half: OwnedWriteHalf,
    line: Vec<u8>,
}

/// The receiving half.
#[derive(Debug)]
pub struct Receiver {
    half: BufReader<OwnedReadHalf>,
    line: Vec<u8>,
}

impl Sender {
    /// Sends one message.
    ///
    /// # Errors
    /// [`CarrierError::Closed`] when nobody listens any more, [`CarrierError::Io`] otherwise.
    pub async fn send<T: Serialize>(&mut self, message: &T) -> Result<(), CarrierError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, message)?;
        self.line.push(b'\n');
        self.half.write_all(&self.line).await.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => CarrierError::Closed,
            _ => CarrierError::Io(error),
        })
    }
}

impl Receiver {
    /// Receives one message. Cancelling it between messages loses nothing; a part of a line that was read is kept.
    ///
    /// # Errors
    /// [`CarrierError::Closed`] when the other side ended, in the middle of a line or not.
    pub async fn receive<T: DeserializeOwned>(&mut self) -> Result<T, CarrierError> {
        let room = LINE_LIMIT - self.line.len() as u64;
        (&mut self.half).take(room).read_until(b'\n', &mut self.line).await.map_err(|error| {
            match error.kind() {
                io::ErrorKind::ConnectionReset => CarrierError::Closed,
                _ => CarrierError::Io(error),
            }
        })?;
        if self.line.last() != Some(&b'\n') {
            let full = self.line.len() as u64 >= LINE_LIMIT;
            return Err(if full { CarrierError::TooLong } else { CarrierError::Closed });
        }
        let message = serde_json::from_slice(&self.line);
        self.line.clear();
        Ok(message?)
    }
}

/// Both halves of a connected socket.
///
/// # Errors
/// When the socket cannot be registered with the runtime.
pub(crate) fn split(socket: std::os::unix::net::UnixStream) -> io::Result<(Sender, Receiver)> {
    socket.set_nonblocking(true)?;
    let (read, write) = UnixStream::from_std(socket)?.into_split();
    Ok((Sender { half: write, line: Vec::new() }, Receiver { half: BufReader::new(read), line: Vec::new() }))
}

/// A connection: this side's halves, and the descriptor to be given to the other side.
///
/// # Errors
/// When no socket pair can be made.
pub fn pair() -> io::Result<(Sender, Receiver, OwnedFd)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    let (sender, receiver) = split(ours)?;
    Ok((sender, receiver, theirs.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FromWorker, ToWorker};
    use pushbench_measure::snapshot::WorkerSnapshot;
    use pushbench_measure::{Figure, Histograms, Phase};

    fn both_sides() -> ((Sender, Receiver), (Sender, Receiver)) {
        let (sender, receiver, theirs) = pair().unwrap();
        ((sender, receiver), split(theirs.into()).unwrap())
    }

    #[tokio::test]
    async fn a_report_arrives_as_it_was_sent() {
        let ((mut sender, _), (_, mut receiver)) = both_sides();
        let mut histograms = Histograms::new();
        histograms.record(Figure::Delivery, Phase::Measure, 1234);
        let report = WorkerSnapshot { tick_ns: 7, histograms, ..WorkerSnapshot::default() };
        sender.send(&FromWorker::Report(Box::new(report.clone()))).await.unwrap();
        let FromWorker::Report(received) = receiver.receive().await.unwrap() else { panic!("not a report") };
        assert_eq!(*received, report);
    }

    #[tokio::test]
    async fn the_end_of_the_other_side_is_noticed_in_both_directions() {
        let ((mut sender, mut receiver), other) = both_sides();
        drop(other);
        assert!(matches!(receiver.receive::<ToWorker>().await, Err(CarrierError::Closed)));
        // The first write after the peer's end may still be buffered on some kernels; a Unix socket refuses it.
        assert!(matches!(sender.send(&ToWorker::Finish).await, Err(CarrierError::Closed)));
    }

    #[tokio::test]
    async fn a_line_that_is_no_message_is_an_error_and_the_next_one_is_read() {
        let ((mut sender, _), (_, mut receiver)) = both_sides();
        sender.send(&"nonsense").await.unwrap();
        sender.send(&ToWorker::Finish).await.unwrap();
        assert!(matches!(receiver.receive::<ToWorker>().await, Err(CarrierError::Syntax(_))));
        assert!(matches!(receiver.receive::<ToWorker>().await, Ok(ToWorker::Finish)));
    }

    #[tokio::test]
    async fn a_message_cut_off_in_the_middle_is_an_end() {
        let ((mut sender, receiver), (_, mut other)) = both_sides();
        sender.half.write_all(b"\"Fin").await.unwrap();
        drop((sender, receiver));
        assert!(matches!(other.receive::<ToWorker>().await, Err(CarrierError::Closed)));
    }
}
