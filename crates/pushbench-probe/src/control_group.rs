//! What the control group of this process, and those it lies in, leave of memory.
//!
//! Knows both versions of control groups at the usual places of their files. What cannot be read limits nothing: a
//! machine without control groups has no such bound.

use std::fs;

const OWN_GROUPS: &str = "/proc/self/cgroup";

/// Where a version keeps its files, and how it calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    root: &'static str,
    most: &'static str,
    current: &'static str,
    /// Lines of `memory.stat` with bytes of files that are dropped when memory is wanted.
    droppable: [&'static str; 2],
}

const V2: Version = Version {
    root: "/sys/fs/cgroup",
    most: "memory.max",
    current: "memory.current",
    droppable: ["inactive_file", "active_file"],
};
const V1: Version = Version {
    root: "/sys/fs/cgroup/memory",
    most: "memory.limit_in_bytes",
    current: "memory.usage_in_bytes",
    droppable: ["total_inactive_file", "total_active_file"],
};

/// Memory of a control group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// What its processes may have together, in bytes.
    pub(crate) allowed_bytes: u64,
    /// What of that is not in use, or only for files that can be read again.
    pub(crate) left_bytes: u64,
}

/// The narrowest room of all groups that this process is in; `None` where nothing is limited.
pub(crate) fn memory() -> Option<Room> {
    memory_in(|path| fs::read_to_string(path).ok())
}

fn memory_in(read: impl Fn(&str) -> Option<String>) -> Option<Room> {
    let groups = read(OWN_GROUPS)?;
    let (version, group) = group_of_memory(&groups)?;
    // A group is bound by those it lies in. The first is the root, which is all that a container may see of its own.
    let ends = group.match_indices('/').map(|(at, _)| at).chain([group.len()]);
    let rooms = ends.filter_map(|end| {
        let file =
            |name: &str| read(&format!("{}{}/{name}", version.root, group[..end].trim_end_matches('/')));
        room(version, &file(version.most)?, &file(version.current)?, &file("memory.stat").unwrap_or_default())
    });
    rooms.reduce(|one, other| Room {
        allowed_bytes: one.allowed_bytes.min(other.allowed_bytes),
        left_bytes: one.left_bytes.min(other.left_bytes),
    })
}

/// Which group's files tell of memory: lines are `number:controllers:path`, and version 2 names no controller. Where version
/// 1 has the memory, version 2 does not.
fn group_of_memory(text: &str) -> Option<(Version, &str)> {
    let mut lines = text.lines().filter_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        path.starts_with('/').then_some((controllers, path))
    });
    let mut unified = None;
    let first = lines.find_map(|(controllers, path)| {
        if controllers.is_empty() {
            unified = Some((V2, path));
        }
        controllers.split(',').any(|name| name == "memory").then_some((V1, path))
    });
    first.or(unified)
}

/// `None` without a limit: version 2 says `max`.
fn room(version: Version, most: &str, current: &str, stat: &str) -> Option<Room> {
    let allowed_bytes: u64 = most.trim().parse().ok()?;
    let current: u64 = current.trim().parse().ok()?;
    let of_files: u64 = version.droppable.iter().filter_map(|name| line_of(stat, name)).sum();
    Some(Room { allowed_bytes, left_bytes: allowed_bytes.saturating_sub(current.saturating_sub(of_files)) })
}

/// The number in a line such as `inactive_file 8192`.
fn line_of(stat: &str, name: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads as if there were these files and no others.
    fn with(files: &[(&str, &str)]) -> Option<Room> {
        memory_in(|path| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned()))
    }

    const V2_GROUP: (&str, &str) = (OWN_GROUPS, "0::/user.slice/run.scope\n");

    #[test]
    fn a_group_has_what_it_may_have_less_what_it_cannot_drop() {
        let stat = "anon 700\nfile 300\ninactive_file 100\nactive_file 50\nactive_files 9\n";
        let room = with(&[
            V2_GROUP,
            ("/sys/fs/cgroup/user.slice/run.scope/memory.max", "4000\n"),
            ("/sys/fs/cgroup/user.slice/run.scope/memory.current", "1000\n"),
            ("/sys/fs/cgroup/user.slice/run.scope/memory.stat", stat),
        ]);
        assert_eq!(room, Some(Room { allowed_bytes: 4000, left_bytes: 3150 }));
    }

    #[test]
    fn the_narrowest_of_the_groups_around_it_counts_and_one_without_a_limit_does_not() {
        let slice = [
            ("/sys/fs/cgroup/user.slice/memory.max", "5000\n"),
            ("/sys/fs/cgroup/user.slice/memory.current", "4900\n"),
        ];
        let scope = "/sys/fs/cgroup/user.slice/run.scope";
        let (most, current) = (format!("{scope}/memory.max"), format!("{scope}/memory.current"));
        let of_scope = |limit| with(&[V2_GROUP, slice[0], slice[1], (&most, limit), (&current, "900")]);
        assert_eq!(of_scope("max\n"), Some(Room { allowed_bytes: 5000, left_bytes: 100 }));
        assert_eq!(of_scope("1000\n"), Some(Room { allowed_bytes: 1000, left_bytes: 100 }));
        assert_eq!(of_scope("800\n"), Some(Room { allowed_bytes: 800, left_bytes: 0 }), "it may be exceeded");
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_root() {
        let root = [("/sys/fs/cgroup/memory.max", "2048"), ("/sys/fs/cgroup/memory.current", "48")];
        let room = Some(Room { allowed_bytes: 2048, left_bytes: 2000 });
        for group in ["0::/\n", "0::/docker/0123\n"] {
            assert_eq!(with(&[(OWN_GROUPS, group), root[0], root[1]]), room, "{group}");
        }
    }

    #[test]
    fn version_one_is_read_where_it_has_the_memory() {
        let groups = "9:name=systemd:/\n4:cpu,memory:/jobs\n0::/\n";
        let room = with(&[
            (OWN_GROUPS, groups),
            ("/sys/fs/cgroup/memory.max", "7"),
            ("/sys/fs/cgroup/memory.current", "7"),
            ("/sys/fs/cgroup/memory/jobs/memory.limit_in_bytes", "600"),
            ("/sys/fs/cgroup/memory/jobs/memory.usage_in_bytes", "500"),
            ("/sys/fs/cgroup/memory/jobs/memory.stat", "inactive_file 1\ntotal_inactive_file 40\n"),
        ]);
        assert_eq!(room, Some(Room { allowed_bytes: 600, left_bytes: 140 }));
    }

    #[test]
    fn what_is_absent_or_unreadable_limits_nothing() {
        let most = ("/sys/fs/cgroup/memory.max", "max");
        let current = ("/sys/fs/cgroup/memory.current", "5");
        let table: [&[(&str, &str)]; 6] = [
            &[],
            &[(OWN_GROUPS, "")],
            &[(OWN_GROUPS, "0::relative\nnonsense\n")],
            &[(OWN_GROUPS, "0::/\n")],
            &[(OWN_GROUPS, "0::/\n"), most, current],
            &[(OWN_GROUPS, "0::/\n"), ("/sys/fs/cgroup/memory.max", "10")],
        ];
        for files in table {
            assert_eq!(with(files), None, "{files:?}");
        }
    }
}
