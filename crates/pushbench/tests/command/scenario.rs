//! Tiny scenarios: few clients, a second of measuring.

use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

use crate::process::{self, Ended, Started};

/// What every tiny scenario begins with: 8 clients, 40 events per second, 8 of them in the warm-up.
const HEAD: &str = r#"name = "tiny"
[clients]
count = 8
connect_rate = "400/s"
[events]
pattern = "broadcast"
rate = "40/s"
size = "200B"
[phases]
warmup = "200ms"
measure = "1s"
drain = "1200ms"
"#;

/// Transports as fast as they can be measured.
pub(crate) const ALL_FOUR: &str = r#"
[[transports]]
kind = "short-polling"
interval = "100ms"
[[transports]]
kind = "long-polling"
timeout = "500ms"
[[transports]]
kind = "sse"
[[transports]]
kind = "websocket"
"#;

pub(crate) const SSE: &str = "[[transports]]\nkind = \"sse\"\n";

/// A folder with a scenario in it.
pub(crate) struct Workshop {
    pub(crate) folder: TempDir,
}

/// A folder with `tiny.toml`, whose tables after the phases are `tables`.
pub(crate) fn tiny(tables: &str) -> Workshop {
    with_text(&format!("{HEAD}{tables}"))
}

/// The same with some lines worded differently.
pub(crate) fn tiny_but(changes: &[(&str, &str)], tables: &str) -> Workshop {
    let mut text = HEAD.to_owned();
    for (line, other) in changes {
        assert!(text.contains(line), "{line}");
        text = text.replace(line, other);
    }
    with_text(&format!("{text}{tables}"))
}

pub(crate) fn with_text(text: &str) -> Workshop {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("tiny.toml"), text).unwrap();
    Workshop { folder }
}

impl Workshop {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the program in this folder.
    pub(crate) fn start(&self, arguments: &[&str]) -> Started {
        process::start(self.path(), arguments)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).ended()
    }

    /// The folders of all runs so far, in order of their names.
    pub(crate) fn run_folders(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.path().join("results/tiny")) else { return Vec::new() };
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        folders
    }

    /// The folder of the one run.
    pub(crate) fn run_folder(&self) -> PathBuf {
        let folders = self.run_folders();
        assert_eq!(folders.len(), 1, "{folders:?}");
        folders.into_iter().next().unwrap()
    }
}

/// Runs the program in several workshops at once: runs wait more than they work.
pub(crate) fn run_together<const N: usize>(workshops: &[Workshop; N], arguments: &[&str]) -> [Ended; N] {
    workshops.each_ref().map(|workshop| workshop.start(arguments)).map(Started::ended)
}
