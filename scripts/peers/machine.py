"""What the kernel says of processes and sockets: CPU clocks, memory, bytes that wait. Judges nothing."""

import os
import platform
import re
import subprocess
import time
from pathlib import Path


def halves():
    """CPUs of the target and of the client: a half each, with an odd number the target has one more. As `run` does it."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        return cpus, cpus
    middle = (len(cpus) + 1) // 2
    return cpus[:middle], cpus[middle:]


def tree(pid):
    """A process and all that descend from it."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name may hold anything, so the fields are counted from its closing parenthesis.
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found.extend(children.get(one, []))
    return found


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def cpu_ns(pids):
    """CPU time of each process, all its threads with those that ended, user and system, by the scheduler's clock."""
    times = {}
    for pid in pids:
        try:
            # The CPU clock of another process, as clock_getcpuclockid(3) makes it; 2 is CPUCLOCK_SCHED.
            times[pid] = time.clock_gettime_ns((~pid << 3) | 2)
        except OSError:
            continue
    return times


def cpu_between(before, after):
    """CPU time in ns between two readings; a process that began in between counts from its beginning."""
    return sum(ns - before.get(pid, 0) for pid, ns in after.items())


def pss_bytes(pids):
    """Proportional set size: resident memory, shared pages divided among those who share them."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def sockets(*options):
    """A line for each TCP socket that the options of ss(8) ask for. It asks the kernel for these only; /proc/net/tcp holds
    those of the whole host, which takes seconds where there are many."""
    command = ["ss", "--tcp", "--numeric", "--no-header", "--oneline", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()


def listening_port(pid):
    """The port that a process listens on; None where there is none yet."""
    inodes = set()
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            name = os.readlink(entry)
            if name.startswith("socket:["):
                inodes.add(name[len("socket:["):-1])
    except OSError:
        return None
    for line in sockets("--listening", "--extended"):
        inode = re.search(r"\bino:(\d+)", line)
        if inode and inode[1] in inodes:
            return int(line.split()[3].rpartition(":")[2])
    return None


def unread_bytes(ports):
    """Bytes that targets at these ports wrote and clients have not read, in the sockets of both ends."""
    total = 0
    for direction, queue in (("sport", 2), ("dport", 1)):
        total += sum(int(line.split()[queue]) for line in sockets("state", "connected", one_of(direction, ports)))
    return total


def arrived_bytes(ports):
    """Bytes that were sent from these ports and acknowledged by the other end's kernel."""
    lines = sockets("--info", "state", "connected", one_of("sport", ports))
    return sum(int(count) for line in lines for count in re.findall(r"\bbytes_acked:(\d+)", line))


def one_of(direction, ports):
    return "( " + " or ".join(f"{direction} = :{port}" for port in ports) + " )"


def description():
    """This machine in a line."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{len(os.sched_getaffinity(0))} CPUs {model}, Linux {platform.release()}"
