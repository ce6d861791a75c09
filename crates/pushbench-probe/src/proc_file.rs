//! Reading the text files of `/proc`, with the path in every error.
//!
//! What a file means is parsed beside the reading that wants it; this module knows no file's format.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// Why a file of `/proc` gave no number. Travels inside an [`io::Error`] that keeps the kind.
#[derive(Debug, thiserror::Error)]
enum ProcError {
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} has no readable {what}", path.display())]
    Malformed { path: PathBuf, what: String },
}

/// The whole text of `path`.
pub(crate) fn read(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref();
    fs::read_to_string(path).map_err(|source| unreadable(path, source))
}

/// The error of a file or folder that cannot be read.
pub(crate) fn unreadable(path: &Path, source: io::Error) -> io::Error {
    io::Error::new(source.kind(), ProcError::Unreadable { path: path.to_owned(), source })
}

/// The error of a file whose text lacks `what`.
pub(crate) fn malformed(path: impl AsRef<Path>, what: impl fmt::Display) -> io::Error {
    let error = ProcError::Malformed { path: path.as_ref().to_owned(), what: what.to_string() };
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// The number behind `key` in lines such as `MemAvailable:  8041508 kB`, without its unit.
pub(crate) fn value_of_key(text: &str, key: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_path_and_keep_the_kind() {
        let missing = read("/proc/no-such-file").unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert!(missing.to_string().starts_with("cannot read /proc/no-such-file: "), "{missing}");

        let malformed = malformed("/proc/meminfo", "Slab");
        assert_eq!(malformed.to_string(), "/proc/meminfo has no readable Slab");
    }

    #[test]
    fn a_key_is_matched_whole() {
        let text = "MemTotal:       8041508 kB\nMem:  1\nBroken:\nWorse: x\n";
        assert_eq!(value_of_key(text, "MemTotal"), Some(8_041_508));
        assert_eq!(value_of_key(text, "Mem"), Some(1));
        for absent in ["MemTot", "Broken", "Worse", "Slab"] {
            assert_eq!(value_of_key(text, absent), None, "{absent}");
        }
    }
}
