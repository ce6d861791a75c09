//! A stream that is only memory, for the library where no socket is its own.

use std::io::{self, Read, Write};

/// The bytes of one read, and where bytes to be written go.
pub(super) struct Memory<'a> {
    pub(super) input: &'a [u8],
    pub(super) out: &'a mut Vec<u8>,
}

impl Read for Memory<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() {
            // Nothing now; an end of the stream would be a fault.
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.input.read(buffer)
    }
}

impl Write for Memory<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
