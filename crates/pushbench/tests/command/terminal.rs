//! The program at a terminal: the only place for lines that change and for colours.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::thread::spawn;

use crate::process::start_as;
use crate::scenario::{SSE, tiny};

/// What the program writes to a terminal, on both outputs, and its exit code.
fn at_terminal(folder: &Path, arguments: &[&str], no_color: &str) -> (Option<i32>, String) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = File::options().write(true).open(std::ffi::OsStr::from_bytes(name.as_bytes())).unwrap();
    // What holds the other end of the terminal is gone with the command, or there would be no end.
    let started = start_as(folder, arguments, |command| {
        command.env("NO_COLOR", no_color).stdout(theirs.try_clone().unwrap()).stderr(theirs);
    });
    let reader = spawn(move || {
        let mut written = Vec::new();
        // The end of a terminal is an error, not an end of file.
        let _ = File::from(ours).read_to_end(&mut written);
        String::from_utf8(written).unwrap()
    });
    (started.ended().code, reader.join().unwrap())
}

#[test]
fn a_terminal_gets_a_changing_line_and_colours_unless_unwanted() {
    let workshop = tiny(&format!("{SSE}[thresholds]\nlatency_p50 = \"< 1us\"\n"));
    let (code, written) = at_terminal(workshop.path(), &["run", "tiny.toml"], "");
    assert_eq!(code, Some(4), "{written}");
    assert!(written.contains("\r\x1b[2K[1/1] sse            measure "), "{written:?}");
    assert!(!written.contains("connecting 8 clients\r\n"), "plain lines are for other places: {written:?}");
    let folder = workshop.run_folder();
    let report = ["report", folder.to_str().unwrap()];
    let coloured = at_terminal(workshop.path(), &report, "").1;
    assert!(coloured.contains("\x1b["), "{coloured:?}");
    let plain = at_terminal(workshop.path(), &report, "1").1;
    assert!(!plain.contains('\x1b') && plain.contains("MISSED THRESHOLDS: sse\r\n"), "{plain:?}");
}
