"""The target that every client is measured against, and who publishes to it."""

import http.client
import os
import re
import select
import signal
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager

from machine import arrived_bytes, cpu_ns, unread_bytes
from processes import Group, uninterrupted

EVENT_BYTES = 256
READY_S = 20
CONNECTIONS = 16
"""Of a publisher: so many events may be without their reply."""


class Target:
    """Target processes as the instrument sees them: their counters, their CPU time, what waits in their sockets."""

    def __init__(self, processes):
        """`processes`: pid to port."""
        self.processes = processes

    def metrics(self):
        """Sums of the counters of GET /metrics. The connection that asks is not among the connections."""
        sums = {}
        for port in self.processes.values():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_S)
            try:
                connection.request("GET", "/metrics", headers={"Connection": "close"})
                text = connection.getresponse().read().decode()
            finally:
                connection.close()
            for name, value in re.findall(r"^pushbench_(\w+) (\d+)$", text, re.MULTILINE):
                sums[name] = sums.get(name, 0) + int(value)
            if "connections" not in sums:
                raise RuntimeError(f"GET /metrics is answered with {text[:80]!r}")
            sums["connections"] -= 1
        return sums

    def cpu_ns(self):
        return cpu_ns(self.processes)

    def unread_bytes(self):
        return unread_bytes(set(self.processes.values()))

    def arrived_bytes(self):
        return arrived_bytes(self.processes.values())

    @property
    def port(self):
        return next(iter(self.processes.values()))


@contextmanager
def serve(pushbench, cpus):
    """`pushbench serve` on CPUs of its own, until the `with` block ends. What it says goes to a file, so that it never
    waits for somebody to read it."""
    with ExitStack() as stack:
        said = stack.enter_context(tempfile.TemporaryFile())
        with uninterrupted():
            group = Group([pushbench, "serve", "--listen", "127.0.0.1:0"], cpus, said)
            stack.callback(group.end, 0, [signal.SIGTERM])
        yield Target({group.pid: port_of(group, said)})


def port_of(group, said):
    """Where it listens, as its first line tells."""
    deadline = time.monotonic() + READY_S
    while True:
        ended = group.ended()
        # From the beginning: the file's position is the child's, too.
        first, whole, _ = os.pread(said.fileno(), 4096, 0).decode(errors="replace").partition("\n")
        found = re.match(r"listening on http://127\.0\.0\.1:(\d+)", first)
        if whole and found:
            return int(found[1])
        if whole or ended or time.monotonic() > deadline:
            raise RuntimeError(f"the target does not come up: {first.strip() or 'it says nothing'}")
        time.sleep(0.01)


def payload(now_s):
    """An event that tells when it was published, in ms of the wall clock, for clients that want to know its age."""
    begin = f'{{"at":{now_s * 1e3:.3f},"fill":"'
    return f'{begin:x<{EVENT_BYTES - 2}}"}}'


class Publisher:
    """Posts events to a target on a schedule, until the `with` block ends. An event waits for the reply to that of some
    events before only, so a target that is late with a few is not spared the next."""

    def __init__(self, port, rate):
        self.port, self.rate = port, rate
        self.stop = threading.Event()
        self.fault = None
        self.lateness = Lateness()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def run(self):
        connections = [http.client.HTTPConnection("127.0.0.1", self.port, timeout=READY_S) for _ in range(CONNECTIONS)]
        begin, event = time.monotonic(), 0
        try:
            while not self.stop.wait(max(0.0, begin + event / self.rate - time.monotonic())):
                connection = connections[event % CONNECTIONS]
                waited_s = wait_for_reply(connection) if event >= CONNECTIONS else 0.0
                self.lateness.add(time.monotonic() - (begin + event / self.rate), waited_s)
                if event >= CONNECTIONS:
                    accept(connection)
                connection.request("POST", "/publish?topic=all", payload(time.time()))
                event += 1
        except (OSError, RuntimeError, http.client.HTTPException) as fault:
            self.fault = str(fault) or type(fault).__name__
        finally:
            for connection in connections:
                connection.close()


class Lateness:
    """How late a publisher was by itself: what it waited for replies, until it was on time again, is the target's."""

    def __init__(self):
        self.worst_s = self.excused_s = 0.0

    def add(self, late_s, waited_s):
        """An event that is about to be posted, so much after it was due; for the last reply it had to wait so long."""
        self.excused_s = min(self.excused_s + waited_s, late_s)
        self.worst_s = max(self.worst_s, late_s - self.excused_s)

    def begin(self):
        """Forgets what was before, as a window begins."""
        self.worst_s = 0.0


def wait_for_reply(connection):
    """How long the reply to the event before is waited for, in seconds. To read it then is the publisher's own work."""
    begin = time.monotonic()
    if not select.select([connection.sock], [], [], READY_S)[0]:
        raise RuntimeError(f"POST /publish was not answered within {READY_S} s")
    return time.monotonic() - begin


def accept(connection):
    """Reads the reply to the event before."""
    reply = connection.getresponse()
    reply.read()
    if reply.status != 202:
        raise RuntimeError(f"POST /publish was answered with {reply.status}")
