"""pushbench beside other clients, the same jobs against the same target; called by ../peers.sh."""

import argparse
import datetime
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import machine
import results
from client import command_of
from ladder import climb
from measure import JOBS, Failed, Plan, measure
from target import EVENT_BYTES
from tools import TOOLS

OURS = "pushbench"
MORE_THAN_REACHED = 1.5


@dataclass(frozen=True)
class Size:
    """How thoroughly it is measured."""

    asking: int
    receiving: int
    """Clients that poll; clients that receive."""
    requests_per_s: float
    """Of all clients together, where requests are paced."""
    unpaced_per_s: float | None
    """pushbench's schedule where they are not; None for what another client reaches just before."""
    events_per_s: float
    asking_s: float
    receiving_s: float
    warmup_s: float
    spare_s: float
    base: bool
    """Whether memory with one client is measured, to subtract it."""
    steps: int
    """Of the ladder of rates."""
    step_s: float


FULL = Size(asking=100, receiving=1000, requests_per_s=2000, unpaced_per_s=None, events_per_s=5, asking_s=8,
            receiving_s=20, warmup_s=2, spare_s=2, base=True, steps=8, step_s=6)
QUICK = Size(asking=10, receiving=50, requests_per_s=200, unpaced_per_s=10_000, events_per_s=5, asking_s=1,
             receiving_s=0.5, warmup_s=0.2, spare_s=0.8, base=False, steps=0, step_s=1)


def main():
    arguments = parse()
    # Also where the shell made it deaf to interrupts, as it does in the background.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    size = QUICK if arguments.quick else FULL
    rows, tools = plan_rows(arguments, size)
    plans = plan_jobs(arguments, size, tools)
    begun = datetime.datetime.now(datetime.UTC)
    for row in rows:
        key = (row.job.name, row.peer)
        if key in tools:
            row.command = command_of(tools[key], row.job, plans[row.job.name])
    if size.base:
        measure_bases(rows, tools, plans)
    for at in range(arguments.repeat):
        for name, plan in plans.items():
            measure_round(at, [row for row in rows if row.job.name == name], tools, plan)
        results.write(arguments.out, rows, facts(arguments, size, begun))
    for name in ("sse", "websocket") if size.steps else ():
        if name in plans:
            measure_clean_rates(name, rows, tools, plans[name], size)
    results.write(arguments.out, rows, facts(arguments, size, begun))
    say(f"written to {arguments.out}")


def parse():
    parser = argparse.ArgumentParser(prog="peers.sh", usage="scripts/peers.sh --help")
    # It is started elsewhere.
    parser.add_argument("--pushbench", type=lambda text: str(Path(text).resolve()), required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--repeat", type=int, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[])
    parser.add_argument("--jobs", type=lambda text: text.split(","), default=list(JOBS))
    arguments = parser.parse_args()
    names = [OURS, *(tool.name for tool in TOOLS)]
    for given, known in ((arguments.only, names), (arguments.jobs, list(JOBS))):
        for name in set(given) - set(known):
            parser.error(f"there is no `{name}`, allowed: {', '.join(known)}")
    if not 1 <= arguments.repeat <= 100:
        parser.error(f"{arguments.repeat} is out of range: 1 to 100 rounds")
    return arguments


def say(text):
    print(text, file=sys.stderr, flush=True)


def plan_rows(arguments, size):
    """A row for each client and job; and those clients that can do it, by job and name."""
    versions = {OURS: version_of_pushbench(arguments.pushbench)}
    rows, tools = [], {}
    for name in arguments.jobs:
        job = JOBS[name]
        clients = clients_of(job, size)
        if is_wanted(arguments, OURS):
            note = "workers; own target of the same binary, same settings"
            if job.paced:
                note += "; paces one by one, by a schedule for each connection that begins anywhere in its interval"
            if job.pushes and size.steps:
                note += "; its target publishes by itself, others' is posted to: clean rates do not compare"
            rows.append(results.Row(job, OURS, versions[OURS], clients, note))
            tools[name, OURS] = None
        for tool in (tool for tool in TOOLS if name in tool.ways and is_wanted(arguments, tool.name)):
            way = tool.ways[name]
            missing = tool.missing() or way.missing()
            if tool.name not in versions:
                versions[tool.name] = "" if tool.missing() else tool.version()
            row = results.Row(job, tool.name, versions[tool.name], clients, missing or way.note)
            rows.append(row)
            if missing:
                say(f"{name:<14} {tool.name:<12} left out: {missing}")
            else:
                tools[name, tool.name] = tool
    return rows, tools


def clients_of(job, size):
    return size.receiving if job.pushes else size.asking


def is_wanted(arguments, peer):
    return not arguments.only or peer in arguments.only


def version_of_pushbench(program):
    text = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
    return text.split()[-1]


def plan_jobs(arguments, size, tools):
    """The jobs with their rates.

    As many requests as may be: pushbench has a schedule, and is given more than others reach, so that like theirs its
    connections always wait for a reply."""
    plans = {}
    for name in arguments.jobs:
        job = JOBS[name]
        rate = size.events_per_s if job.pushes else size.requests_per_s
        window_s = size.receiving_s if job.pushes else size.asking_s
        plan = Plan(arguments.pushbench, clients_of(job, size), rate, size.warmup_s, window_s, size.spare_s)
        if not job.pushes and not job.paced:
            plan = replace(plan, rate=size.unpaced_per_s or MORE_THAN_REACHED * reach(tools, plan))
        plans[name] = plan
    return plans


def reach(tools, plan):
    """Requests per second that the first of the tools reaches that is there."""
    for (name, peer), tool in tools.items():
        if name == "polling" and tool:
            try:
                rate = measure(tool, JOBS[name], replace(plan, window_s=min(3, plan.window_s))).per_second
            except Failed:
                continue
            say(f"{name:<14} {peer:<12} reaches {rate:,.0f} requests/s: pushbench's schedule")
            return rate
    say("no other client tells how many requests are possible: pushbench's schedule is 20,000/s")
    return 20_000


def measure_bases(rows, tools, plans):
    """Memory with one client, of which no client is charged."""
    for row in rows:
        key = (row.job.name, row.peer)
        if key not in tools:
            continue
        plan = plans[row.job.name]
        one = replace(plan, clients=1, rate=plan.rate if row.job.pushes else plan.rate / plan.clients,
                      window_s=min(3, plan.window_s))
        try:
            row.base_pss_bytes = measure(tools[key], row.job, one).pss_bytes
        except Failed as fault:
            say(f"{row.job.name:<14} {row.peer:<12} with one client: {fault}")


def measure_round(at, rows, tools, plan):
    """Every client once; each round begins with another one."""
    turn = at % len(rows) if rows else 0
    for row in rows[turn:] + rows[:turn]:
        key = (row.job.name, row.peer)
        if key not in tools:
            continue
        try:
            sample = measure(tools[key], row.job, plan)
        except Failed as fault:
            row.fail(at + 1, str(fault))
            say(f"{row.job.name:<14} {row.peer:<12} round {at + 1}: {fault}")
            continue
        row.samples[at + 1] = sample
        say(f"{row.job.name:<14} {row.peer:<12} round {at + 1}: {sample.per_second:,.0f} {row.job.unit}s/s, "
            f"{sample.cpu_us:.1f} µs, {sample.pss_bytes / 2**20:.1f} MiB, CPU {sample.client_busy:.0%} busy")


def measure_clean_rates(name, rows, tools, plan, size):
    able = {row.peer: row for row in rows if row.job.name == name and (name, row.peer) in tools}
    climbers = {peer: tools[name, peer] for peer in able}
    reached = climb(climbers, JOBS[name], replace(plan, window_s=size.step_s), size.steps, say)
    for peer, (rate, why) in reached.items():
        able[peer].clean_rate, able[peer].stopped_by = rate, why


def facts(arguments, size, begun):
    """The conditions, a line each."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return [
        f"{machine.description()}; {begun:%Y-%m-%d %H:%M} UTC; commit {commit.stdout.strip() or 'unknown'}",
        f"rounds: {arguments.repeat}, each begun by another client; medians (lowest – highest); × ours is the median of "
        "the rounds' ratios",
        f"polling: {size.asking} connections, {size.asking_s:g} s; paced: {size.requests_per_s:g} requests/s in all",
        f"receiving: {size.receiving} clients, {size.events_per_s:g} events/s to each, {EVENT_BYTES} B, "
        f"{size.receiving_s:g} s",
    ]


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
