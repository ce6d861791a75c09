"""Compares the interval logs of a run with its summary, by an HdrHistogram that is not ours.

Called by check-hlog.sh, which installs the package `hdrhistogram`. Every `delivery` line of a transport (by point and number
of clients, of the rounds that run.json counts for the row) is added up; count must be that of run.json, and p50, p90, p99 and
maximum those of summary.csv, within the precision of the histograms.
"""

import collections
import csv
import json
import pathlib
import sys

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

LARGEST_US = 600_000_000
DIGITS = 3
# Two histograms of that many digits may name the two ends of one bucket.
PRECISION = 2 * 10**-DIGITS
FIGURES = {
    "latency_p50_us": lambda histogram: histogram.get_value_at_percentile(50),
    "latency_p90_us": lambda histogram: histogram.get_value_at_percentile(90),
    "latency_p99_us": lambda histogram: histogram.get_value_at_percentile(99),
    "latency_max_us": lambda histogram: histogram.get_max_value(),
}


def place_of(tag):
    """Number of the point and number of clients in a tag such as `delivery.p3.1000.r2`, "" for what it has not, and the
    number of its round; None for other tags."""
    name, *parts = tag.split(".")
    if name != "delivery" or not all(part.lstrip("pr").isdigit() for part in parts):
        return None
    point = next((part[1:] for part in parts if part.startswith("p")), "")
    clients = next((part for part in parts if part.isdigit()), "")
    return point, clients, int(next((part[1:] for part in parts if part.startswith("r")), "1"))


def rounds_by_row(results):
    """The rounds that a row is made of, by label, name of the point and number of clients: the number of each, and how many
    latencies run.json counts of it. A round that was cut short counts where there is no other; one that a search forgot is not
    listed."""
    rounds = {}
    for result in results:
        row = result["summary"]
        whole = [measured for measured in result["rounds"] if measured["complete"]]
        counted = whole or result["rounds"][:1]
        name = row["label"], row.get("point") or "", str(row.get("step") or "")
        rounds[name] = {measured["round"]: measured["latencies"] for measured in counted}
    return rounds


class Broken(Exception):
    """A file that cannot be read; says in words which, in what line, and why."""


class CountedLines:
    """A file that knows which line was read last."""

    def __init__(self, file):
        self.file = file
        self.number = 0

    def readline(self):
        line = self.file.readline()
        if line:
            self.number += 1
            if not line.endswith("\n"):
                raise ValueError("the line is cut off")
        return line

    def close(self):
        self.file.close()


def sums_by_place(log):
    """Delivery latency of a log by point, number of clients and round."""
    sums = collections.defaultdict(lambda: HdrHistogram(1, LARGEST_US, DIGITS))
    try:
        reader = HistogramLogReader(str(log), HdrHistogram(1, LARGEST_US, DIGITS))
    except OSError as error:
        raise Broken(f"{log}: {error.strerror}") from None
    reader.input_file = lines = CountedLines(reader.input_file)
    try:
        while (interval := reader.get_next_interval_histogram()) is not None:
            place = place_of(interval.get_tag() or "")
            if place is not None:
                sums[place].add(interval)
    # Its decoder raises whatever it comes upon.
    except Exception as error:
        raise Broken(f"{log}:{lines.number}: not a histogram: {str(error) or type(error).__name__}") from None
    finally:
        reader.close()
    return sums


def added(histograms):
    """The sum of histograms."""
    total = HdrHistogram(1, LARGEST_US, DIGITS)
    for histogram in histograms:
        total.add(histogram)
    return total


def differences(row, latencies, histogram):
    """What run.json or the summary says otherwise than the log, a line each."""
    if histogram.get_total_count() != latencies:
        yield f"{histogram.get_total_count()} values, in run.json {latencies}"
    for column, figure in FIGURES.items():
        # Empty: too few deliveries stand behind it.
        if row[column] and abs(figure(histogram) - float(row[column])) > max(1, PRECISION * float(row[column])):
            yield f"{column} {figure(histogram)}, in the summary {row[column]}"


def main(run):
    manifest = json.loads((run / "run.json").read_text())
    if manifest["status"] != "complete":
        sys.exit(f"{run}: only a complete run can be checked")
    points = [point["name"] for point in manifest["scenario"].get("points", [])]
    numbers = {name: str(number) for number, name in enumerate(points, 1)}
    with (run / "summary.csv").open() as summary:
        rows = list(csv.DictReader(summary))
    rounds = rounds_by_row(manifest["results"])
    logs = {label: sums_by_place(run / label / "latency.hlog") for label in {row["label"] for row in rows}}
    faults = 0
    for row in rows:
        point = row.get("point", "")
        step = row.get("step", "")
        counted = rounds[row["label"], point, step]
        log = logs[row["label"]]
        histogram = added(log[numbers.get(point, ""), step, number] for number in counted)
        found = list(differences(row, sum(counted.values()), histogram))
        name = " ".join(filter(None, [row["label"], point, step]))
        print(f"{name}: " + ("; ".join(found) or f"{histogram.get_total_count()} values agree"))
        faults += len(found)
    if not rows:
        sys.exit(f"{run}: summary.csv has no row")
    return 1 if faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main(pathlib.Path(sys.argv[1])))
    except Broken as broken:
        sys.exit(str(broken))
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"{sys.argv[1]}: run.json or summary.csv cannot be read: {error}")
