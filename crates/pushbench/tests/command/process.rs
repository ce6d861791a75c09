//! The program as a process: started with a mark that its children inherit, waited for with deadlines, and leaving
//! nothing behind.

use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Long enough for a machine that is several times as busy as the tests alone make it; never reached by a test that passes.
const DEADLINE: Duration = Duration::from_mins(4);
/// How often conditions are looked at.
const LOOK: Duration = Duration::from_millis(5);
/// The variable by which a process and everything it starts is known.
const MARK: &str = "PUSHBENCH_TEST_MARK";

/// Waits until something is there.
pub(crate) fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(DEADLINE, what, look)
}

/// Waits for that long until something is there.
pub(crate) fn within<T>(deadline: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < deadline, "not within {deadline:?}: {what}");
        sleep(LOOK);
    }
}

/// Sends a signal to a process that this test knows to be its own.
pub(crate) fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

/// A running program with its output in files.
pub(crate) struct Started {
    child: Child,
    mark: String,
    output: TempDir,
}

/// A program that has ended, and left nothing.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code, or `None` after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    start(Path::new("."), arguments).ended()
}

/// Starts the program in a folder, not at a terminal.
pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Started {
    start_as(folder, arguments, |_| {})
}

/// The same with something of the command changed.
pub(crate) fn start_as(folder: &Path, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Started {
    start_command(Command::new(env!("CARGO_BIN_EXE_pushbench")), folder, arguments, change)
}

/// Starts the program with that many open files allowed, and no way to have more.
pub(crate) fn start_with_files(folder: &Path, open_files: u32, arguments: &[&str]) -> Started {
    start_below(&format!("ulimit -n {open_files}"), folder, arguments)
}

/// Starts the program where no file may have more than that many blocks of 512 bytes: writing fails then, as on a full
/// disk.
pub(crate) fn start_with_blocks(folder: &Path, blocks: u32, arguments: &[&str]) -> Started {
    // The signal that comes with it would end the process.
    start_below(&format!("trap '' XFSZ && ulimit -f {blocks}"), folder, arguments)
}

/// Starts the program as a member of the control group that has its processes in this file.
pub(crate) fn start_in_group(processes: &Path, folder: &Path, arguments: &[&str]) -> Started {
    start_below(&format!("echo $$ > '{}'", processes.display()), folder, arguments)
}

/// Starts the program after a shell has limited itself.
fn start_below(limit: &str, folder: &Path, arguments: &[&str]) -> Started {
    let mut shell = Command::new("sh");
    // `exec` keeps the process that was started.
    let script = format!("{limit} && exec \"$0\" \"$@\"");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_pushbench")]);
    start_command(shell, folder, arguments, |_| {})
}

fn start_command(
    mut command: Command,
    folder: &Path,
    arguments: &[&str],
    change: impl FnOnce(&mut Command),
) -> Started {
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let mark = format!("{}-{}", std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
    let output = TempDir::new().unwrap();
    let file = |name| File::create(output.path().join(name)).unwrap();
    command
        .args(arguments)
        .current_dir(folder)
        .env(MARK, &mark)
        // The width that help is wrapped at, where there is no terminal to ask.
        .env_remove("COLUMNS")
        .stdin(Stdio::null())
        .stdout(file("out"))
        .stderr(file("err"));
    change(&mut command);
    Started { child: command.spawn().unwrap(), mark, output }
}

impl Started {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has said on standard error until now.
    pub(crate) fn err(&self) -> String {
        fs::read_to_string(self.output.path().join("err")).unwrap()
    }

    /// Waits for a text on standard error.
    pub(crate) fn says(&mut self, text: &str) {
        until(text, || {
            let said = self.err();
            let over = self.child.try_wait().unwrap().is_some() && !self.err().contains(text);
            assert!(!over, "it ended without saying `{text}`: {said}");
            said.contains(text).then_some(())
        });
    }

    /// Waits until it has that many children of a role, and returns their pids in order.
    pub(crate) fn children(&self, role: &str, count: usize) -> Vec<u32> {
        until(&format!("{count} children with the role {role}"), || {
            let mut pids: Vec<u32> = self
                .marked()
                .into_iter()
                .filter(|pid| {
                    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| has_role(&line, role))
                })
                .collect();
            pids.sort_unstable();
            (pids.len() == count).then_some(pids)
        })
    }

    /// Living processes that were started by this one, itself included.
    pub(crate) fn marked(&self) -> Vec<u32> {
        let wanted = format!("{MARK}={}", self.mark);
        let has_mark = |pid: &u32| {
            // A process that has ended, its parent not having looked, has no environment any more.
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
        };
        let names =
            fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter_map(|name| name.parse().ok()).filter(has_mark).collect()
    }

    /// Waits for its end. By then everything it started has ended too.
    pub(crate) fn ended(self) -> Ended {
        self.ended_within(DEADLINE)
    }

    pub(crate) fn ended_within(mut self, deadline: Duration) -> Ended {
        let status = within(deadline, "its end", || self.child.try_wait().unwrap());
        assert_eq!(self.marked(), [0; 0], "processes are left behind");
        let read = |name| fs::read_to_string(self.output.path().join(name)).unwrap();
        Ended { code: status.code(), signal: status.signal(), out: read("out"), err: read("err") }
    }

    /// Kills it without giving it a chance to end anything, and waits for the end of what it had started.
    pub(crate) fn killed(mut self, deadline: Duration) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        within(deadline, "the end of its children", || self.marked().is_empty().then_some(()));
    }
}

impl Drop for Started {
    /// After a failed test: ends what is left.
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        for pid in self.marked() {
            if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

fn has_role(command_line: &[u8], role: &str) -> bool {
    command_line.split(|byte| *byte == 0).nth(1) == Some(role.as_bytes())
}
