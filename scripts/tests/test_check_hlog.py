"""Logs against summaries, with a histogram that keeps its values."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))


class Values:
    """As much of HdrHistogram as is asked for."""

    def __init__(self, *_):
        self.values = []
        self.tag = None

    def add(self, other):
        self.values += other.values

    def get_tag(self):
        return self.tag

    def get_total_count(self):
        return len(self.values)

    def get_value_at_percentile(self, percent):
        at = max(0, -(-len(self.values) * percent // 100) - 1)
        return sorted(self.values)[at] if self.values else 0

    def get_max_value(self):
        return max(self.values, default=0)


class Reader:
    """Reads lines of a tag and its values."""

    def __init__(self, path, _):
        self.input_file = open(path)

    def get_next_interval_histogram(self):
        line = self.input_file.readline()
        if not line:
            return None
        interval = Values()
        interval.tag, *values = line.split()
        interval.values = [int(value) for value in values]
        return interval

    def close(self):
        self.input_file.close()


# The package is not needed for what is looked at here, and may not be installed.
for name, parts in (("hdrh", {}), ("hdrh.histogram", {"HdrHistogram": Values}), ("hdrh.log", {"HistogramLogReader": Reader})):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(parts)

import check_hlog  # noqa: E402


def result(rounds, latencies=2, **row):
    listed = [{"round": number, "complete": complete, "latencies": latencies} for number, complete in rounds]
    return {"summary": {"label": "sse", **row}, "rounds": listed}


class Tags(unittest.TestCase):
    def test_say_the_point_the_clients_and_the_round(self):
        table = {
            "delivery": ("", "", 1),
            "delivery.r12": ("", "", 12),
            "delivery.1000.r2": ("", "1000", 2),
            "delivery.p3.1000": ("3", "1000", 1),
            "delivery.warmup": None,
            "slip": None,
        }
        for tag, place in table.items():
            with self.subTest(tag=tag):
                self.assertEqual(check_hlog.place_of(tag), place)


class Rounds(unittest.TestCase):
    def test_that_were_cut_short_count_where_there_is_no_other(self):
        results = [
            result([(1, True), (2, True)]),
            result([(1, True), (2, False)], step=50),
            result([(1, False), (2, False)], step=60),
            # A search forgot the first two.
            result([(3, True)], point="200/s", step=None),
        ]
        expected = {
            ("sse", "", ""): {1: 2, 2: 2},
            ("sse", "", "50"): {1: 2},
            ("sse", "", "60"): {1: 2},
            ("sse", "200/s", ""): {3: 2},
        }
        self.assertEqual(check_hlog.rounds_by_row(results), expected)


class Runs(unittest.TestCase):
    def checked(self, results, summary, log):
        with tempfile.TemporaryDirectory() as folder:
            run = pathlib.Path(folder)
            (run / "sse").mkdir()
            (run / "sse" / "latency.hlog").write_text(log)
            (run / "summary.csv").write_text(summary)
            manifest = {"status": "complete", "scenario": {"points": []}, "results": results}
            (run / "run.json").write_text(json.dumps(manifest))
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                code = check_hlog.main(run)
            return code, said.getvalue()

    SUMMARY = "label,step,delivered,latency_p50_us,latency_p90_us,latency_p99_us,latency_max_us\n"
    LOG = "delivery.50 900 900\ndelivery.50.r2 7 7\nslip.50.r2 5\ndelivery.50.r3 7 7\n"

    def test_a_round_that_a_search_forgot_is_in_the_log_and_not_in_the_row(self):
        row = self.SUMMARY + "sse,50,4,7,7,7,7\n"
        code, said = self.checked([result([(2, True), (3, True)], step=50)], row, self.LOG)
        self.assertEqual((code, said), (0, "sse 50: 4 values agree\n"))

    def test_what_does_not_agree_is_said(self):
        row = self.SUMMARY + "sse,50,4,7,7,7,7\n"
        code, said = self.checked([result([(1, True), (2, True)], step=50)], row, self.LOG)
        self.assertEqual(code, 1)
        self.assertIn("latency_max_us 900, in the summary 7", said)

    def test_a_row_of_a_round_that_was_cut_short_is_held_to_what_was_counted_of_it(self):
        row = self.SUMMARY + "sse,50,,,,,900\n"
        for latencies, code in (2, 0), (3, 1):
            with self.subTest(latencies=latencies):
                found, said = self.checked([result([(1, False)], latencies, step=50)], row, self.LOG)
                self.assertEqual(found, code, said)


if __name__ == "__main__":
    unittest.main()
