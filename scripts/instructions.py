"""Counts the instructions of one call of each benchmark with callgrind. Called by bench.sh.

    instructions.py PROGRAM... -- [FILTER...]
"""

import re
import subprocess
import sys

FEW, MANY = 100, 1_100
# Of one program under valgrind, in seconds.
LONGEST_S = 300
# A line of the tree that a program prints: its depth is that of the branch before the name.
LINE = re.compile(r"^(?P<branch>(?:[│ ]  )*(?:├─ |╰─ )?)(?P<name>\S.*?)\s*$")


def paths(program):
    """The benchmarks of a program, those with arguments once for each: the leaves of its tree."""
    ran = subprocess.run([program, "--test"], capture_output=True, text=True, timeout=LONGEST_S, check=True)
    found, above = [], []
    for line in ran.stdout.splitlines():
        matched = LINE.match(line)
        if not matched:
            continue
        depth = len(matched["branch"]) // 3
        if found and depth > len(found[-1]) - 1:
            # What is under it makes it a group.
            found.pop()
        above = above[:depth] + [matched["name"]]
        found.append(above)
    return ["::".join(path) for path in found]


def instructions(program, path, calls):
    """Instructions of the whole program when the benchmark is called that often."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program]
    command += ["--bench", "--timer", "os", "--sample-count", "1", "--sample-size", str(calls), "--exact", path]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    counted = re.search(r"Collected : (\d+)", ran.stderr)
    if ran.returncode != 0 or not counted:
        sys.exit(f"error: {path} under valgrind: {ran.stderr.strip().splitlines()[-1:]}")
    return int(counted[1])


def main():
    end = sys.argv.index("--")
    programs, filters = sys.argv[1:end], sys.argv[end + 1 :]
    print(f"{'instructions per call':<50}{'':>12}")
    for program in programs:
        for path in paths(program):
            if filters and not any(text in path for text in filters):
                continue
            each = (instructions(program, path, MANY) - instructions(program, path, FEW)) / (MANY - FEW)
            print(f"{path:<50}{each:>12,.0f}", flush=True)


main()
