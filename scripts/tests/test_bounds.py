"""Rounds beside the bounds, from made-up documents."""

import contextlib
import csv
import io
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import bounds

GOOD = [(1.0, True), (1.2, True), (1.1, True)]

# Direction, bound, rounds, median, verdict.
JUDGED = [
    ("≤", 1.25, GOOD, 1.1, "met"),
    ("≤", 1.1, GOOD, 1.1, "met"),
    ("≤", 1.0, GOOD, 1.1, "missed by 10%"),
    ("≤", 1.05, GOOD, 1.1, "missed by 4.8%"),
    ("≥", 1.0, GOOD, 1.1, "met"),
    ("≥", 2.2, GOOD, 1.1, "missed by 50%"),
    # Invalid and missing rounds are in neither the median nor the verdict, however much there is of them.
    ("≤", 1.25, [*GOOD, (9.0, False), (9.0, False), (9.0, False)], 1.1, "met (3 of 6 rounds valid)"),
    ("≤", 1.0, [*GOOD, (0.1, False), (None, False)], 1.1, "missed by 10% (3 of 5 rounds valid)"),
    ("≤", 1.25, [*GOOD[:2], (1.0, False)], None, "not measured (2 of 3 rounds valid)"),
    ("≤", 1.25, [(None, False)] * 5, None, "not measured (0 of 5 rounds valid)"),
    # Who asks for fewer has them all.
    ("≤", 1.25, GOOD[:1], 1.0, "met"),
    ("≤", 1.25, [(1.0, True), (1.0, False)], None, "not measured (1 of 2 rounds valid)"),
]


class Judging(unittest.TestCase):
    def test_stands_on_valid_rounds_only(self):
        for direction, bound, shots, median, verdict in JUDGED:
            with self.subTest(direction=direction, bound=bound, shots=shots):
                of = bounds.judged(direction, bound, shots)
                self.assertEqual((of.median, of.verdict), (median, verdict))


def run(label, verdict, **columns):
    return {"results": [{"summary": {"label": label, "verdict": verdict, **columns}}]}


class Finding(unittest.TestCase):
    def test_a_run_with_warnings_is_valid_and_one_that_broke_off_is_not(self):
        of = bounds.summarized("memory", "worker_bytes_per_client", "sse")
        for verdict, valid in (("valid", True), ("warning", True), ("invalid", False), ("partial", False)):
            with self.subTest(verdict=verdict):
                documents = {"memory": run("sse", verdict, worker_bytes_per_client=2000)}
                self.assertEqual(bounds.value_in(of, documents), (2000, valid))

    def test_what_is_not_there_is_not_valid(self):
        of = bounds.summarized("memory", "worker_bytes_per_client", "sse")
        through = {"label": "sse", "value": None, "ratio": None, "valid": True}
        figures = {"calibrate": {"figures": [{"name": "send_cpu_us", "bare": None, "through": [through]}]}}
        cases = [
            (of, {}), (of, {"memory": run("websocket", "valid")}), (of, {"memory": run("sse", "valid")}),
            (of, {"memory": run("sse", "valid", worker_bytes_per_client=None)}),
            (bounds.calibrated("send_cpu_us", "sse"), figures), (bounds.calibrated("send_cpu_us", "websocket"), figures),
            (bounds.calibrated("connects_per_second", "sse"), figures), (bounds.bare("send_cpu_us"), figures),
        ]
        for at, (of, documents) in enumerate(cases):
            with self.subTest(case=at):
                self.assertEqual(bounds.value_in(of, documents), (None, False))


class Table(unittest.TestCase):
    """Five rounds of which the slip of one is invalid, and nothing else was measured."""

    def test_names_every_figure_and_ends_with_1_where_one_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            for number, slip_us in enumerate((90, 110, 100, 9_000, 105), 1):
                document = run("sse", "invalid" if slip_us > 1_000 else "warning", slip_p50_us=slip_us, slip_p99_us=2_000)
                (work / f"slip-{number}.json").write_text(json.dumps(document), encoding="utf-8")
            printed = io.StringIO()
            with mock.patch("sys.argv", ["bounds.py", folder, "5", folder]), contextlib.redirect_stdout(printed):
                with self.assertRaises(SystemExit) as ended:
                    bounds.main()
            self.assertEqual(ended.exception.code, 1)
            with (work / "bounds.csv").open(encoding="utf-8") as file:
                rows = {row["figure"]: row for row in csv.DictReader(file)}
            self.assertEqual(len(rows), len(list(bounds.rows())))
            p50, p99 = rows["publish slip p50, sse"], rows["publish slip p99, sse"]
            self.assertEqual((p50["median"], p50["valid_rounds"], p50["verdict"]), ("102.5", "4", "met (4 of 5 rounds valid)"))
            self.assertEqual(p99["verdict"], "missed by 100% (4 of 5 rounds valid)")
            self.assertIn("| publish slip p50, sse | µs | ≤ 200 | 102 | 90–110 | met (4 of 5 rounds valid) |", printed.getvalue())
            missing = rows["deliveries per second, coalesced, sse"]
            self.assertEqual((missing["median"], missing["verdict"]), ("", "not measured (0 of 5 rounds valid)"))


if __name__ == "__main__":
    unittest.main()
