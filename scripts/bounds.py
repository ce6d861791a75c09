"""Puts what bounds.sh has measured beside the bounds, as a table. Called by bounds.sh.

    bounds.py MEASURED_DIR ROUNDS OUT_DIR

A median, and what is said of the bound, stands on valid rounds only: of a run whose verdict is `invalid` the figures are
kept in rounds.csv and go into nothing else. A run with warnings is valid. Ends with 1 where a figure was not measured.
"""

import csv
import json
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

KIB = 1024
VALID_ROUNDS_NEEDED = 3
"""Where as many were asked for; with fewer rounds every one."""


def calibrated(name, label, what="ratio"):
    """A figure of calibrate through a transport: its `ratio` to bare sockets, or its `value`."""

    def of(documents):
        figures = {figure["name"]: figure for figure in documents["calibrate"]["figures"]}
        through = {through["label"]: through for through in figures[name]["through"]}[label]
        return through[what], through["valid"]

    return of


def bare(name):
    """A figure of calibrate with bare sockets."""

    def of(documents):
        figures = {figure["name"]: figure for figure in documents["calibrate"]["figures"]}
        return figures[name]["bare"]["median"], True

    return of


def summarized(run, column, label):
    """A column of a run's summary."""

    def of(documents):
        rows = [result["summary"] for result in documents[run]["results"]]
        row = next(row for row in rows if row["label"] == label)
        return row[column], row["verdict"] in ("valid", "warning")

    return of


def rows():
    """Figure, unit, direction, bound, and where its value is."""
    streams = ("sse", "websocket")
    for label in streams:
        yield f"worker CPU per received event, {label}", "× bare", "≤", 1.25, calibrated("receive_cpu_us", label)
    for label in streams:
        yield f"target CPU per sent event, {label}", "× bare", "≤", 1.25, calibrated("send_cpu_us", label)
    for label in streams:
        yield f"deliveries per second, {label}", "× bare", "≥", 0.8, calibrated("deliveries_per_second", label)
    for label in streams:
        figure = calibrated("coalesced_deliveries_per_second", label)
        yield f"deliveries per second, coalesced, {label}", "× bare", "≥", 1.5, figure
    memory = {"long-polling": 2, "sse": 2, "websocket": 3}
    for label, kib in {"short-polling": 3, **memory}.items():
        column = "worker_bytes_per_client"
        yield f"worker memory per client, {label}", "B", "≤", kib * KIB, summarized("memory", column, label)
    for label, kib in memory.items():
        column = "target_bytes_per_client"
        yield f"target memory per client, {label}", "B", "≤", kib * KIB, summarized("memory", column, label)
    for label in streams:
        name = f"received − published, one client, {label}"
        yield name, "× half a bare round trip", "≤", 3, calibrated("one_way_p50_us", label)
    for label in streams:
        for percentile, bound_us in (("p50", 200), ("p99", 1_000)):
            column = f"slip_{percentile}_us"
            yield f"publish slip {percentile}, {label}", "µs", "≤", bound_us, summarized("slip", column, label)
    yield "connections opened, sse", "1/s", "≥", 10_000, calibrated("connects_per_second", "sse", "value")


# What the ratios are to.
BARE = {
    "CPU per send, bare": ("µs", bare("send_cpu_us")),
    "CPU per receive, bare": ("µs", bare("receive_cpu_us")),
    "deliveries per second, bare": ("1/s", bare("deliveries_per_second")),
    "half a round trip, bare": ("µs", bare("one_way_p50_us")),
    "connections opened, bare": ("1/s", bare("connects_per_second")),
}


def documents_of(folder, number):
    """What was measured in a round, by what measured it; what failed has left no file."""
    read = {}
    for name in ("calibrate", "slip", "memory"):
        path = folder / f"{name}-{number}.json"
        if path.exists():
            read[name] = json.loads(path.read_text(encoding="utf-8"))
    return read


def value_in(of, documents):
    """A figure and whether its run was valid; None and False where there is no such figure."""
    try:
        value, valid = of(documents)
    except (KeyError, StopIteration, TypeError):
        return None, False
    return value, valid and value is not None


def word(value):
    """A figure in few digits."""
    if value is None:
        return ""
    return f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}"


@dataclass(frozen=True)
class Judged:
    """What the rounds say of a figure, of those that are valid."""

    median: float | None
    least: float | None
    most: float | None
    valid_rounds: int
    verdict: str


def judged(direction, bound, shots):
    """The shots are the rounds' values, each with whether it is valid."""
    values = [value for value, valid in shots if valid]
    if len(values) < min(VALID_ROUNDS_NEEDED, len(shots)):
        return Judged(None, None, None, len(values), f"not measured ({len(values)} of {len(shots)} rounds valid)")
    median = statistics.median(values)
    beyond = median - bound if direction == "≤" else bound - median
    verdict = f"missed by {word_of_share(beyond / bound)}" if beyond > 0 else "met"
    if len(values) < len(shots):
        verdict += f" ({len(values)} of {len(shots)} rounds valid)"
    return Judged(median, min(values), max(values), len(values), verdict)


def word_of_share(share):
    """How far a bound is missed, as a part of it."""
    return f"{share:.1%}" if share < 0.1 else f"{share:.0%}"


def main():
    measured, rounds, out = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    documents = [documents_of(measured, number) for number in range(1, rounds + 1)]
    table, every = [], []
    for name, unit, direction, bound, of in rows():
        shots = [value_in(of, document) for document in documents]
        table.append((name, unit, f"{direction} {bound:g}", judged(direction, bound, shots)))
        every += [[name, unit, number, value, valid] for number, (value, valid) in enumerate(shots, 1)]

    floors = []
    for name, (unit, of) in BARE.items():
        shots = [value_in(of, document) for document in documents]
        values = [value for value, valid in shots if valid]
        every += [[name, unit, number, value, valid] for number, (value, valid) in enumerate(shots, 1)]
        floors.append(f"{name.removesuffix(', bare')} {word(statistics.median(values) if values else None)} {unit}")

    with open(out / "bounds.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["figure", "unit", "bound", "median", "least", "most", "rounds", "valid_rounds", "verdict"])
        for name, unit, bound, of in table:
            writer.writerow([name, unit, bound, of.median, of.least, of.most, rounds, of.valid_rounds, of.verdict])
    with open(out / "rounds.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["figure", "unit", "round", "value", "valid"])
        writer.writerows(every)

    host = next((document["calibrate"]["host"] for document in documents if "calibrate" in document), None)
    machine = f"{host['cpus']} CPUs {host['cpu']}, {host['kernel']}" if host else "a machine that is not known"
    lines = [
        f"Medians of {rounds} {'round' if rounds == 1 else 'rounds'}, each beside bare sockets of the same minute; {machine}.",
        "",
        "| figure | unit | bound | median | least–most | |",
        "|---|---|---|---|---|---|",
    ]
    for name, unit, bound, of in table:
        spread = f"{word(of.least)}–{word(of.most)}" if of.median is not None else ""
        lines.append(f"| {name} | {unit} | {bound} | {word(of.median)} | {spread} | {of.verdict} |")
    lines += ["", f"Bare sockets: {'; '.join(floors)}."]
    markdown = "\n".join(lines) + "\n"
    (out / "bounds.md").write_text(markdown, encoding="utf-8")
    print(markdown, end="")
    sys.exit(1 if any(of.median is None for *_, of in table) else 0)


if __name__ == "__main__":
    main()
