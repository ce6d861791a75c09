"""What the other programs print, and the errors that are read from it."""

import http.client
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import measure
from measure import JOBS, Failed, Plan
from tools import TOOLS, Ask

WRK = """Running 1s test @ http://127.0.0.1:42013/poll
  1712 requests in 1.00s, 869.38KB read
{}Requests/sec:   1708.10
"""
H2LOAD = """finished in 5.89ms, 509.42 req/s, 0B/s
requests: 3 total, 3 started, 3 done, {} succeeded, {} failed, 0 errored, 0 timeout
status codes: 0 2xx, 0 3xx, 3 4xx, 0 5xx
"""
HEY = """Status code distribution:
  [204]	4 responses

{}"""
REFUSED = "dial tcp 127.0.0.1:1: connect: connection refused"

# Program, what it printed, the errors that it counted; None where that is not known.
OUTPUTS = [
    ("wrk", WRK.format(""), 0),
    ("wrk", WRK.format("  Non-2xx or 3xx responses: 1712\n"), 1712),
    ("wrk", WRK.format("  Socket errors: connect 1, read 20, write 300, timeout 4000\n"), 4321),
    ("wrk", WRK.format("  Socket errors: connect 0, read 2, write 0, timeout 0\n  Non-2xx or 3xx responses: 5\n"), 7),
    ("h2load", H2LOAD.format(3, 0), 0),
    ("h2load", H2LOAD.format(0, 3), 3),
    ("hey", HEY.format(""), 0),
    ("hey", HEY.format(f'Error distribution:\n  [2]\tGet "http://127.0.0.1:1/": {REFUSED}\n'), 2),
    ("hey", HEY.format(f'Error distribution:\n  [2]\tGet "http://h/": EOF\n  [3]\tGet "http://h/": {REFUSED}\n'), 5),
    ("oha", '{"errorDistribution": {}}', 0),
    ("oha", '{"errorDistribution": {"aborted due to deadline": 9, "connection refused": 4}}', 4),
    ("oha", "a panic", None),
    ("autocannon", 'Running 1s test\n{"errors": 1, "timeouts": 2, "4xx": 3, "5xx": 4}', 10),
    ("autocannon", '{"errors": 0, "timeouts": 0, "4xx": 0, "5xx": 0}', 0),
    ("autocannon", "Error: connect ECONNREFUSED", None),
]


def errors_of(program, output, work=Path()):
    way = next(tool for tool in TOOLS if tool.name == program).ways["polling"]
    return way.errors(output, Ask(1, 1, 1, 0, work))


class Errors(unittest.TestCase):
    def test_of_what_was_printed(self):
        for program, output, errors in OUTPUTS:
            with self.subTest(program=program, output=output):
                self.assertEqual(errors_of(program, output), errors)

    def test_of_the_summary_that_k6_leaves(self):
        with tempfile.TemporaryDirectory() as work:
            self.assertIsNone(errors_of("k6", "", Path(work)))
            (Path(work) / "k6.json").write_text('{"metrics": {"http_req_failed": {"passes": 12, "fails": 88}}}')
            self.assertEqual(errors_of("k6", "", Path(work)), 12)

    def test_a_program_has_ways_for_known_jobs_only(self):
        for tool in TOOLS:
            self.assertLessEqual(set(tool.ways), set(JOBS), tool.name)

    def test_every_client_that_is_held_to_a_rate_says_how_it_keeps_to_it(self):
        ways = [tool.ways["polling-paced"] for tool in TOOLS if "polling-paced" in tool.ways]
        self.assertEqual(len(ways), 5)
        for way in ways:
            self.assertRegex(way.note, "^paces (in bursts|one by one)")


class Faults(unittest.TestCase):
    """What keeps the instrument from looking fails one measurement, and not the whole evening."""

    def test_become_the_failure_of_one_client(self):
        faults = [
            subprocess.TimeoutExpired("ss", 60), subprocess.CalledProcessError(1, "ss"),
            http.client.BadStatusLine("?"), http.client.IncompleteRead(b""), ConnectionRefusedError(), RuntimeError("no"),
        ]
        for fault in faults:
            with self.subTest(fault=fault), mock.patch("client.of_pushbench", side_effect=fault):
                with self.assertRaises(Failed) as caught:
                    measure.measure(None, JOBS["sse"], Plan("pushbench", 1, 1, 0, 0))
                self.assertTrue(str(caught.exception))


if __name__ == "__main__":
    unittest.main()
