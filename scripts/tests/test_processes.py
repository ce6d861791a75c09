"""Programs that are started are ended, with all that they started, and nobody else is."""

import os
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import target
from processes import Group, uninterrupted

CPUS = os.sched_getaffinity(0)


def wait_until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it does not happen")
        time.sleep(0.005)


class Script:
    """A shell script in a group of its own, and what it said."""

    def __init__(self, text):
        self.said = tempfile.TemporaryFile()
        self.group = Group(["bash", "-c", text], CPUS, self.said)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.group.sweep()
        self.said.close()

    def output(self):
        return os.pread(self.said.fileno(), 4096, 0).decode()


class Groups(unittest.TestCase):
    def test_a_leader_that_has_ended_keeps_its_id_until_the_group_is_swept(self):
        with Script("sleep 600 & echo $!") as script:
            wait_until(script.group.ended)
            # Not waited for: a zombie, so nobody else has the id.
            self.assertTrue(Path(f"/proc/{script.group.pid}").exists())
            left_behind = int(script.output())
            script.group.end(0)
            wait_until(lambda: not is_alive(left_behind))
            self.assertEqual(script.group.child.returncode, 0)

    def test_a_group_that_was_waited_for_gets_no_more_signals(self):
        with Script("exit 3") as script:
            script.group.end(20)
            with mock.patch("os.killpg") as killpg:
                script.group.end(0)
                script.group.sweep()
            killpg.assert_not_called()
            self.assertTrue(script.group.ended())

    def test_it_is_asked_before_it_is_made_to(self):
        with Script("trap 'echo asked; exit' TERM; echo up; while :; do sleep 0.01; done") as script:
            wait_until(script.output)
            script.group.end(0, [signal.SIGTERM])
            self.assertTrue(script.output().endswith("asked\n"), script.output())


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


class Interrupts(unittest.TestCase):
    def test_wait_for_the_end_of_the_block(self):
        reached = False
        with self.assertRaises(KeyboardInterrupt):
            with uninterrupted():
                os.kill(os.getpid(), signal.SIGTERM)
                reached = True
        self.assertTrue(reached)


class Serving(unittest.TestCase):
    """Programs that stand for `pushbench serve`."""

    def served(self, text):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "program"
            program.write_text(f"#!{sys.executable}\nimport os, signal, sys, time\n{text}\n")
            program.chmod(0o700)
            with target.serve(str(program), CPUS) as served:
                return served

    def test_the_port_is_that_of_its_first_line_however_much_follows(self):
        text = 'sys.stderr.write("listening on http://127.0.0.1:4711, two CPUs\\n" + "x" * 1_000_000)\nsignal.pause()'
        served = self.served(text)
        self.assertEqual(served.port, 4711)
        self.assertFalse(is_alive(next(iter(served.processes))))

    def test_one_that_says_something_else_or_ends_or_is_silent_does_not_come_up(self):
        cases = [('print("error: no", file=sys.stderr)', "error: no", 20), ("sys.exit(1)", "nothing", 20),
                 ("signal.pause()", "nothing", 0.1)]
        for text, reason, ready_s in cases:
            with self.subTest(text=text), mock.patch("target.READY_S", ready_s):
                with self.assertRaisesRegex(RuntimeError, reason):
                    self.served(text)


if __name__ == "__main__":
    unittest.main()
