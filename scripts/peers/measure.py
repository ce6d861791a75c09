"""One measurement: a client, a job, a window of time. The same instrument looks at every client, from outside.

What was received is what the target's counters say of the window; CPU time is that of the client's processes in it.
"""

import http.client
import math
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass

import client as clients
import machine


@dataclass(frozen=True)
class Job:
    """What every client is asked to do."""

    name: str
    title: str
    kind: str
    """The transport, as a scenario of pushbench names it."""
    counter: str
    """The target's counter of what is done for clients."""
    unit: str
    paced: bool = False
    """Whether tools are held to a rate of requests."""
    frame_bytes: int = 0
    """What an event has around it at least, on the stream."""

    @property
    def pushes(self):
        return self.counter == "events_sent"


JOBS = {job.name: job for job in [
    Job("polling", "Requests over kept connections, as many as may be", "short-polling", "requests", "request"),
    Job("polling-paced", "Requests over kept connections, at one rate", "short-polling", "requests", "request", True),
    Job("sse", "Receiving Server-Sent Events", "sse", "events_sent", "event",
        frame_bytes=len("id: 1\ndata: \n\n")),
    Job("websocket", "Receiving WebSocket messages", "websocket", "events_sent", "event", frame_bytes=4),
]}


@dataclass(frozen=True)
class Plan:
    """How much of it, and for how long."""

    pushbench: str
    clients: int
    rate: float
    """Events published per second, or requests per second of all clients together."""
    warmup_s: float
    window_s: float
    spare_s: float = 2
    """How long a client goes on before and after both, at least."""

    @property
    def life_s(self):
        """How long a client that asks has to go on."""
        return math.ceil(self.warmup_s + self.window_s + self.spare_s)


@dataclass(frozen=True)
class Sample:
    """What one measurement says."""

    per_second: float
    cpu_us: float
    """CPU time of the client per request or event."""
    target_cpu_us: float
    tree_cpu_us: float
    """The same of all that descends from the program that was started: of pushbench coordinator and target, too."""
    pss_bytes: int
    client_busy: float
    """CPU time of the client per CPU that it was given."""
    target_busy: float
    published_share: float
    """Of the events that were due, how many the target published; 1 for requests."""
    publisher_late_s: float | None
    """How late who posted the events was at worst, by its own fault; None where the target publishes by itself."""
    arrived_share: float
    """Of the events that were published, for how many as many bytes arrived, over all clients; 1 for requests."""
    waiting_s: float
    """Events that were written and not read, as seconds of the stream."""
    target_errors: int
    """Error replies, clients cut off for being slow, clients that were not there at the end."""
    own_errors: int | None


class Failed(Exception):
    """A client did not do the job; says why."""


def measure(tool, job, plan):
    """A client at work; `tool` is None for pushbench."""
    with ExitStack() as stack:
        work = stack.enter_context(clients.scratch())
        try:
            started = clients.of_tool(tool, job, plan, work) if tool else clients.of_pushbench(job, plan, work)
            client, target, publisher, end = stack.enter_context(started)
            connected = wait_until_ready(client, target, job, plan)
            with ExitStack() as publishing:
                if publisher:
                    publishing.enter_context(publisher)
                wait_for_work(client, target, job)
                time.sleep(plan.warmup_s)
                if publisher:
                    publisher.lateness.begin()
                before = look(client, target, job)
                time.sleep(plan.window_s)
                after = look(client, target, job)
                waiting_bytes = min(target.unread_bytes(), *unread_again(target, plan)) if job.pushes else 0
            if publisher and publisher.fault:
                raise Failed(f"events could not be published: {publisher.fault}")
            late_s = publisher.lateness.worst_s if publisher else None
            return sample(job, plan, before, after, connected, waiting_bytes, late_s, end())
        except (OSError, RuntimeError, http.client.HTTPException, subprocess.SubprocessError) as fault:
            raise Failed(str(fault) or type(fault).__name__) from fault


CONNECT_S = 60


def wait_until_ready(client, target, job, plan):
    """Waits until every client is connected; how many are."""
    there, deadline = 0, time.monotonic() + CONNECT_S
    while time.monotonic() < deadline:
        if client.ended():
            raise Failed(f"it ended by itself: {last_words(client)}")
        metrics = target.metrics()
        there = metrics["subscribers" if job.pushes else "connections"]
        if there >= plan.clients:
            return there
        if not job.pushes and metrics["requests_total"] > 100 * plan.clients:
            # A pool of connections may get along with fewer.
            return there
        time.sleep(0.05)
    raise Failed(f"{there} of {plan.clients} clients connected within {CONNECT_S} s: {last_words(client)}")


def wait_for_work(client, target, job):
    """Waits until something is published, or asked for."""
    deadline = time.monotonic() + CONNECT_S
    first = "events_published" if job.pushes else "requests"
    while target.metrics()[first + "_total"] == 0:
        if client.ended() or time.monotonic() > deadline:
            raise Failed(f"nothing happens: {last_words(client)}")
        time.sleep(0.01)


def last_words(client):
    lines = client.output.read_text(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "it says nothing"


@dataclass(frozen=True)
class Look:
    """An instant of a measurement."""

    at: float
    own_ns: dict
    tree_ns: dict
    target_ns: dict
    metrics: dict
    pss_bytes: int
    arrived_bytes: int
    ended: bool


def look(client, target, job):
    """Clocks are read close together; what takes longer comes after them."""
    tree = machine.tree(client.pid)
    own = client.of_tree(tree)
    metrics = target.metrics()
    at, tree_ns, target_ns = time.monotonic(), machine.cpu_ns(tree), target.cpu_ns()
    own_ns = {pid: tree_ns[pid] for pid in own if pid in tree_ns}
    arrived_bytes = target.arrived_bytes() if job.pushes else 0
    return Look(at, own_ns, tree_ns, target_ns, metrics, machine.pss_bytes(own), arrived_bytes, client.ended())


def unread_again(target, plan):
    """Two more looks, a part of a second apart: what was just written is not yet read, which is no lag."""
    for _ in range(2):
        time.sleep(min(0.37, plan.window_s / 4))
        yield target.unread_bytes()


def sample(job, plan, before, after, connected, waiting_bytes, late_s, own_errors):
    def grown(name):
        return after.metrics[name + "_total"] - before.metrics[name + "_total"]

    if after.ended:
        raise Failed("it ended within the window")
    # One of the requests asked for the metrics.
    done = grown(job.counter) if job.pushes else grown(job.counter) - 1
    if done <= 0:
        raise Failed("nothing was received within the window")
    seconds = after.at - before.at
    own_ns = machine.cpu_between(before.own_ns, after.own_ns)
    target_ns = machine.cpu_between(before.target_ns, after.target_ns)
    target_cpus, client_cpus = machine.halves()
    left = connected - after.metrics["subscribers" if job.pushes else "connections"]
    published = grown("events_published")
    return Sample(
        per_second=done / seconds,
        cpu_us=own_ns / done / 1e3,
        target_cpu_us=target_ns / done / 1e3,
        tree_cpu_us=machine.cpu_between(before.tree_ns, after.tree_ns) / done / 1e3,
        pss_bytes=after.pss_bytes,
        client_busy=own_ns / 1e9 / seconds / len(client_cpus),
        target_busy=target_ns / 1e9 / seconds / len(target_cpus),
        published_share=share(published, plan.rate * seconds) if job.pushes else 1,
        publisher_late_s=late_s,
        arrived_share=share(arrived(job, before, after) / plan.clients, published) if job.pushes else 1,
        waiting_s=waiting_bytes / (clients.EVENT_BYTES * plan.rate * plan.clients) if job.pushes else 0,
        target_errors=grown("error_replies") + grown("slow_disconnects") + max(0, left),
        own_errors=own_errors,
    )


def arrived(job, before, after):
    """Events that came as far as the client's kernel. A target that cannot keep up queues events, and counts them as sent."""
    return (after.arrived_bytes - before.arrived_bytes) / (clients.EVENT_BYTES + job.frame_bytes)


def share(events, of):
    """One event more or less falls on the other side of the window's edges."""
    return min(1.0, (events + 1) / of) if of else 0.0
