"""Whose fault it is that a client does not get all of a rate."""

import threading
import unittest
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

import ladder
from measure import JOBS, Failed, Plan
from target import CONNECTIONS, Lateness, Publisher
from test_results import SAMPLE

FAULTS = [
    ({}, None),
    ({"published_share": 0.97, "publisher_late_s": 0.2}, "the script's publisher was up to 0.20 s late: 97%"),
    ({"published_share": 0.97, "publisher_late_s": 0.01}, "the target did not take what was posted in time: 97%"),
    ({"published_share": 0.97, "publisher_late_s": None}, "the target's own publisher was late: 97%"),
    # Late for a moment, and nothing is missing.
    ({"publisher_late_s": 0.2}, None),
    # The publisher's fault goes before what follows from it.
    ({"published_share": 0.5, "publisher_late_s": 1.0, "arrived_share": 0.1}, "the script's publisher"),
    ({"arrived_share": 0.9}, "90% of what was published arrived"),
    ({"waiting_s": 0.6}, "0.6 s of the stream unread"),
    ({"target_errors": 2, "own_errors": 1}, "3 errors"),
    ({"target_errors": 0, "own_errors": None}, None),
]


class Faults(unittest.TestCase):
    def test_are_charged_to_whom_they_belong(self):
        for seen, said in FAULTS:
            with self.subTest(seen=seen):
                fault = ladder.fault_of(replace(SAMPLE, **seen))
                self.assertTrue(fault is None if said is None else fault and fault.startswith(said), fault)


class Latenesses(unittest.TestCase):
    # Seconds late, seconds waited for the last reply, the worst by itself thereafter.
    STEPS = [
        (0.001, 0.0, 0.001),
        (0.300, 0.3, 0.001),  # the target answered late,
        (0.250, 0.0, 0.001),  # and what follows is caught up with
        (0.400, 0.0, 0.150),  # until more is missing than the target has cost
        (0.000, 0.0, 0.150),
        (0.300, 0.0, 0.300),  # on time in between: nothing excuses it any more
    ]

    def test_what_was_waited_for_replies_is_excused_until_it_was_caught_up_with(self):
        lateness = Lateness()
        for late_s, waited_s, worst_s in self.STEPS:
            lateness.add(late_s, waited_s)
            self.assertAlmostEqual(lateness.worst_s, worst_s)


class Publishing(unittest.TestCase):
    def test_each_event_is_posted_and_its_reply_read(self):
        enough, posted = threading.Event(), []

        class Answer(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                posted.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()
                if len(posted) > 2 * CONNECTIONS:
                    enough.set()

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            # All connections are opened at once.
            request_queue_size = CONNECTIONS

        with Server(("127.0.0.1", 0), Answer) as server:
            # The publisher ends in the midst of things.
            server.handle_error = lambda *_: None
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                with Publisher(server.server_port, 1000) as publisher:
                    self.assertTrue(enough.wait(20))
            finally:
                server.shutdown()
                thread.join()
        self.assertIsNone(publisher.fault)
        self.assertEqual({len(event) for event in posted}, {256})


class Climbing(unittest.TestCase):
    def test_ends_with_the_last_clean_rate_after_two_tries(self):
        tried = []

        def measured(tool, job, plan):
            tried.append((tool, plan.rate))
            if tool == "bad" and plan.rate > 10:
                raise Failed("it ended")
            return SAMPLE

        plan = Plan("pushbench", 1, 5, 0, 0)
        with mock.patch("ladder.measure", measured):
            reached = ladder.climb({"good": "good", "bad": "bad"}, JOBS["sse"], plan, 3, lambda _: None)
        self.assertEqual(reached, {"good": (20, "the last step"), "bad": (10, "it ended")})
        self.assertEqual(tried.count(("bad", 20)), 2)


if __name__ == "__main__":
    unittest.main()
