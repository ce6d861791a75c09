"""Programs that are started on CPUs of their own, none of which is left behind. Knows nothing of what they do."""

import os
import signal
import subprocess
import time
from contextlib import contextmanager


@contextmanager
def cpus_of_children(cpus):
    """Children that are started inside of the block inherit these CPUs."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def uninterrupted():
    """An interrupt inside of the block is raised at its end: between the start of a program and the note to end it."""
    came = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda number, _frame: came.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


class Group:
    """A program in a process group of its own. The leader is waited for once, at the very end: until then its id, which is
    that of the group, belongs to nobody else, and a signal cannot reach a stranger."""

    def __init__(self, command, cpus, output, **more):
        with cpus_of_children(cpus):
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
                **more)
        self.pid = self.child.pid

    def ended(self):
        """Whether the leader has; it stays to be waited for."""
        options = os.WEXITED | os.WNOWAIT | os.WNOHANG
        return self.child.returncode is not None or os.waitid(os.P_PID, self.pid, options) is not None

    def ended_within(self, patience_s):
        deadline = time.monotonic() + patience_s
        while not self.ended():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        return True

    def end(self, patience_s, gently=(signal.SIGINT, signal.SIGTERM)):
        """Waits until it has ended by itself, asks for it in turn with each of the signals, and sweeps."""
        for number in (None, *gently):
            if number:
                self.tell(number)
                patience_s = 10
            if self.ended_within(patience_s):
                break
        self.sweep()

    def sweep(self):
        """Ends the leader and what it left behind in its group, at once."""
        self.tell(signal.SIGKILL)
        self.child.wait()

    def tell(self, number):
        if self.child.returncode is None:
            os.killpg(self.pid, number)
