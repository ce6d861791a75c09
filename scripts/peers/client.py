"""A client that is being measured: a program of somebody else's, or pushbench with the target that it brings."""

import csv
import os
import shutil
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import machine
from processes import Group, uninterrupted
from target import EVENT_BYTES, READY_S, Publisher, Target, serve
from tools import JOB_FILES, Ask

LONG_S = 120
"""How long a client that receives is asked to go on; it is stopped when the measurement is done."""


class Client(Group):
    """A process group, and those of its processes that count as the client."""

    def __init__(self, command, cpus, work, environment=None, of_tree=lambda pids: pids):
        self.output = work / "output"
        self.of_tree = of_tree
        with self.output.open("wb") as output:
            super().__init__(command, cpus, output, cwd=work, env=os.environ | (environment or {}))

    def pids(self):
        return self.of_tree(machine.tree(self.pid))

    def said_at_end(self, patience_s):
        """What it wrote, once it has ended: by itself within `patience_s`, or made to."""
        self.end(patience_s)
        return self.output.read_text(errors="replace")


def what_is_asked(job, plan, port, work):
    seconds = LONG_S if job.pushes else plan.life_s
    return Ask(port, plan.clients, seconds, plan.rate if job.paced else 0, work)


def command_of(tool, job, plan):
    """The command for people: port and scratch folder are named, not told."""
    if tool is None:
        return f"pushbench run ({scenario_of(job, plan).strip()})".replace("\n", "; ")
    with scratch() as work:
        command = " ".join(map(str, tool.ways[job.name].command(what_is_asked(job, plan, "PORT", work))))
    return command.replace(str(work), "WORK").replace(str(JOB_FILES), "scripts/peers/jobs")


@contextmanager
def of_tool(tool, job, plan, work):
    """A tool at work against a target of its own: client, target, a publisher to be entered, and how it ends."""
    way = tool.ways[job.name]
    target_cpus, client_cpus = machine.halves()
    with ExitStack() as stack:
        target = stack.enter_context(serve(plan.pushbench, target_cpus))
        ask = what_is_asked(job, plan, target.port, work)
        command = way.command(ask)
        with uninterrupted():
            client = Client(command, client_cpus, work, tool.environment)
            stack.callback(client.sweep)

        def end():
            if job.pushes:
                # It would go on, and has nothing to say that the target did not see.
                return client.sweep()
            return way.errors(client.said_at_end(plan.life_s + READY_S), ask)

        yield client, target, Publisher(target.port, plan.rate) if job.pushes else None, end


SCENARIO = """
name = "peers"
[clients]
count = {clients}
connect_rate = "{connect_rate:g}/s"
[events]
pattern = "broadcast"
rate = "{events:g}/s"
size = "{size}B"
[phases]
warmup = "{warmup:g}s"
measure = "{measure:g}s"
drain = "{drain:g}s"
[[transports]]
kind = "{kind}"
{interval}
"""


def scenario_of(job, plan):
    interval_ms = 0 if job.pushes else max(0.1, plan.clients / plan.rate * 1e3)
    return SCENARIO.format(
        clients=plan.clients, connect_rate=max(1000, plan.clients), events=plan.rate if job.pushes else 0,
        size=EVENT_BYTES, warmup=plan.warmup_s, measure=max(1.0, plan.window_s + plan.spare_s / 2),
        drain=1 + plan.spare_s / 2, kind=job.kind,
        interval="" if job.pushes else f'interval = "{interval_ms:.3f}ms"')


@contextmanager
def of_pushbench(job, plan, work):
    """pushbench's workers against the target that a run brings: the same program with the same settings as `serve`."""
    (work / "peers.toml").write_text(scenario_of(job, plan))
    command = [plan.pushbench, "run", "peers.toml", "--out", "results", "-q"]
    every_cpu = os.sched_getaffinity(0)

    def end():
        client.end(plan.life_s + LONG_S)
        return pushbench_errors(work)

    with ExitStack() as stack:
        with uninterrupted():
            client = Client(command, every_cpu, work, of_tree=lambda pids: in_role(pids, "__worker"))
            stack.callback(client.sweep)
        yield client, wait_for_target(client), None, end


def in_role(pids, role):
    """Those of pushbench's processes that were started for a role."""
    return [pid for pid in pids if machine.command_line(pid)[1:2] == [role]]


def wait_for_target(client):
    """The target processes of a run, once all of them listen."""
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and not client.ended():
        pids = in_role(machine.tree(client.pid), "__target")
        ports = {pid: machine.listening_port(pid) for pid in pids}
        # Workers begin when every target listens.
        if ports and all(ports.values()) and client.pids():
            return Target(ports)
        time.sleep(0.02)
    raise RuntimeError(f"pushbench does not run: {client.said_at_end(0.1).strip()[-300:]}")


def pushbench_errors(work):
    """Errors and losses of a run."""
    folder = next(iter((work / "results" / "peers").iterdir()), None)
    if folder is None or not (folder / "summary.csv").exists():
        return None
    with (folder / "summary.csv").open() as file:
        row = next(csv.DictReader(file))
    return sum(int(row[name] or 0) for name in ("errors", "lost", "duplicated"))


@contextmanager
def scratch():
    """A folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="pushbench-peers-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
