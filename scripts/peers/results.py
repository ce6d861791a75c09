"""Rounds to a table: medians with their spread, as CSV and as Markdown. Pure but for writing the files."""

import csv
from dataclasses import asdict
from statistics import median

COLUMNS = [
    "job", "unit", "peer", "version", "clients", "rounds", "per_second",
    "cpu_us", "cpu_us_lo", "cpu_us_hi", "cpu_ratio",
    "bytes_per_client", "bytes_per_client_lo", "bytes_per_client_hi", "bytes_ratio",
    "target_cpu_us", "tree_cpu_us", "client_busy", "target_errors", "own_errors",
    "clean_rate", "stopped_by", "command", "note", "measured_on",
]


MANY = 500
"""From so many clients on memory per client is a figure: with fewer, pages that a process takes anyway drown it."""


class Row:
    """What is known of a client in a job. A figure that does not exist is None."""

    def __init__(self, job, peer, version, clients, note):
        self.job, self.peer, self.version, self.clients = job, peer, version, clients
        self.command, self.note = "", note
        self.samples = {}
        self.failures = {}
        self.base_pss_bytes = None
        self.clean_rate, self.stopped_by = None, ""

    def fail(self, at, fault):
        # A row is a line.
        self.failures.setdefault(" ".join(fault.split()), []).append(at)

    def notes(self):
        """What is to be known of it, and in which rounds it failed of what."""
        failed = (f"round {', '.join(map(str, rounds))}: {fault}" for fault, rounds in self.failures.items())
        return "; ".join(part for part in (self.note, *failed) if part)

    def of(self, name):
        return {at: getattr(sample, name) for at, sample in self.samples.items()}

    def bytes_per_client(self):
        """By round: memory with all clients less that with one, for each client more. Nothing where that is no figure."""
        if self.base_pss_bytes is None or self.clients < MANY or not self.samples:
            return {}
        more = {at: (bytes_ - self.base_pss_bytes) / (self.clients - 1) for at, bytes_ in self.of("pss_bytes").items()}
        return more if middle(more) >= 0 else {}

    def cells(self, ours, measured_on):
        """The columns; `ours` is pushbench's row of the job, or None."""
        cpu, memory = self.of("cpu_us"), self.bytes_per_client()
        own_errors = [errors for errors in self.of("own_errors").values() if errors is not None]
        return {
            "job": self.job.name, "unit": self.job.unit, "peer": self.peer, "version": self.version,
            "clients": self.clients, "rounds": len(self.samples), "per_second": middle(self.of("per_second")),
            **spread("cpu_us", cpu), "cpu_ratio": ratio(cpu, ours and ours.of("cpu_us")),
            **spread("bytes_per_client", memory), "bytes_ratio": ratio(memory, ours and ours.bytes_per_client()),
            "target_cpu_us": middle(self.of("target_cpu_us")), "tree_cpu_us": middle(self.of("tree_cpu_us")),
            "client_busy": middle(self.of("client_busy")),
            "target_errors": sum(self.of("target_errors").values()) if self.samples else None,
            "own_errors": sum(own_errors) if own_errors else None,
            "clean_rate": self.clean_rate, "stopped_by": self.stopped_by, "command": self.command, "note": self.notes(),
            "measured_on": measured_on,
        }


def middle(values):
    return median(values.values()) if values else None


def spread(name, values):
    """Median, lowest and highest of the rounds."""
    ends = (min(values.values()), max(values.values())) if values else (None, None)
    return {name: middle(values), f"{name}_lo": ends[0], f"{name}_hi": ends[1]}


def ratio(theirs, ours):
    """The median of the rounds' own ratios: both sides of each were measured within minutes."""
    pairs = [theirs[at] / ours[at] for at in theirs if ours and ours.get(at, 0) > 0]
    return median(pairs) if pairs else None


def plain(value):
    """A cell of a CSV file: three decimals at most, and nothing for what is not known."""
    if value is None:
        return ""
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def write(folder, rows, facts):
    """peers.csv, rounds.csv and peers.md; the first of the facts is the machine."""
    folder.mkdir(parents=True, exist_ok=True)
    ours = {row.job.name: row for row in rows if row.peer == "pushbench"}
    table = [row.cells(ours.get(row.job.name), facts[0]) for row in rows]
    write_csv(folder / "peers.csv", COLUMNS, ([plain(cells[name]) for name in COLUMNS] for cells in table))
    samples = [
        {"job": row.job.name, "peer": row.peer, "round": at, **asdict(sample)}
        for row in rows for at, sample in sorted(row.samples.items())
    ]
    if samples:
        write_csv(folder / "rounds.csv", list(samples[0]), ([plain(value) for value in one.values()] for one in samples))
    (folder / "peers.md").write_text(markdown(table, rows, facts))


def write_csv(path, head, lines):
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(lines)


# --- Markdown

HEAD = "| client | {unit}s/s | CPU per {unit} | × ours | memory per client | × ours | errors | clean rate | notes |"


def markdown(table, rows, facts):
    parts = ["# pushbench beside other clients", "", *(f"* {fact}" for fact in facts)]
    for job in dict.fromkeys(row.job for row in rows):
        parts += ["", f"## {job.title}", "", HEAD.format(unit=job.unit), "|---|---:|---:|---:|---:|---:|---:|---:|---|"]
        parts += [line(cells) for cells in table if cells["job"] == job.name]
    return "\n".join(parts) + "\n"


def line(cells):
    """A row for people."""
    errors = [cells["target_errors"], cells["own_errors"]]
    note = "; ".join(part for part in (cells["note"], stopped(cells)) if part)
    return "| " + " | ".join([
        f"{cells['peer']} {cells['version']}",
        worded(cells["per_second"], "{:,.0f}"),
        with_spread(cells, "cpu_us", lambda value: f"{value:.1f} µs"),
        worded(cells["cpu_ratio"], "{:.2f}"),
        with_spread(cells, "bytes_per_client", in_bytes),
        worded(cells["bytes_ratio"], "{:.1f}"),
        " + ".join(str(count) for count in errors if count is not None),
        worded(cells["clean_rate"], "{:g}/s"),
        note.replace("|", "\\|"),
    ]) + " |"


def stopped(cells):
    if cells["stopped_by"] in ("", "the last step"):
        return ""
    rate = "the lowest rate" if cells["clean_rate"] is None else "twice the clean rate"
    return f"at {rate}: {cells['stopped_by']}"


def worded(value, form):
    return "" if value is None else form.format(value)


def with_spread(cells, name, word):
    if cells[name] is None:
        return ""
    if cells["rounds"] < 2:
        return word(cells[name])
    return f"{word(cells[name])} ({word(cells[name + '_lo'])} – {word(cells[name + '_hi'])})"


def in_bytes(value):
    for unit in ("B", "KiB", "MiB"):
        if abs(value) < 1000 or unit == "MiB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return ""
