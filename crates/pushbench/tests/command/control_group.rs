//! Control groups for the processes of one test, which only root may make: a limit of memory for them alone, and what the
//! kernel holds for them alone.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, io};

/// A version of control groups, as far as tests need it.
#[derive(Debug, Clone, Copy)]
struct Version {
    root: &'static str,
    limit: &'static str,
    /// File with the kernel's memory in bytes, and what the line with it begins with.
    kernel: (&'static str, &'static str),
}

const V1: Version = Version {
    root: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    kernel: ("memory.kmem.usage_in_bytes", ""),
};
const V2: Version =
    Version { root: "/sys/fs/cgroup", limit: "memory.max", kernel: ("memory.stat", "kernel ") };

/// A group without processes at first. Dropping it removes it, once its processes have ended.
pub(crate) struct ControlGroup {
    version: Version,
    folder: PathBuf,
}

impl ControlGroup {
    /// Makes one. Says so where it cannot be had.
    pub(crate) fn of_its_own() -> Option<Self> {
        Self::make().map_err(|error| not_tested(&format!("a control group cannot be made ({error})"))).ok()
    }

    fn make() -> io::Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        // Version 1 where it has the memory, else version 2.
        let version = if Path::new(V1.root).exists() { V1 } else { V2 };
        let nth = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("pushbench-test-{}-{nth}", std::process::id());
        let group = Self { version, folder: Path::new(version.root).join(name) };
        fs::create_dir(&group.folder)?;
        // A group of version 2 has it only where the group around it passes it on.
        fs::metadata(group.folder.join(version.limit))?;
        Ok(group)
    }

    /// Allows its processes so many bytes together.
    pub(crate) fn limit(&self, bytes: u64) {
        fs::write(self.folder.join(self.version.limit), bytes.to_string()).unwrap();
    }

    /// Takes a process in, with what it uses from now on.
    pub(crate) fn take(&self, pid: u32) {
        fs::write(self.processes(), pid.to_string()).unwrap();
    }

    /// The file that a process writes its number to in order to be taken in, with all it starts afterwards.
    pub(crate) fn processes(&self) -> PathBuf {
        self.folder.join("cgroup.procs")
    }

    /// Memory of the kernel for its processes, bytes; `None` where the kernel does not keep such an account.
    pub(crate) fn kernel_bytes(&self) -> Option<u64> {
        let (file, key) = self.version.kernel;
        let text = fs::read_to_string(self.folder.join(file)).ok()?;
        text.lines().find_map(|line| line.strip_prefix(key))?.trim().parse().ok()
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.folder);
    }
}

/// A test that does nothing says why.
pub(crate) fn not_tested(why: &str) {
    #[expect(clippy::print_stderr, reason = "for whoever wonders what was tested")]
    {
        eprintln!("not tested: {why}");
    }
}
