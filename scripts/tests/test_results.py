"""Rounds to a table."""

import unittest
from dataclasses import replace

import results
from measure import JOBS, Sample

SAMPLE = Sample(
    per_second=100.0, cpu_us=10.0, target_cpu_us=5.0, tree_cpu_us=20.0, pss_bytes=0, client_busy=0.1, target_busy=0.1,
    published_share=1.0, publisher_late_s=0.0, arrived_share=1.0, waiting_s=0.0, target_errors=0, own_errors=0)


def row(clients, pss_bytes):
    row = results.Row(JOBS["sse"], "k6", "1", clients, "")
    row.base_pss_bytes = 1_000_000
    row.samples = {at: replace(SAMPLE, pss_bytes=bytes_) for at, bytes_ in enumerate(pss_bytes, 1)}
    return row


class Memory(unittest.TestCase):
    def test_is_the_difference_for_each_client_more(self):
        cells = row(501, [2_000_000, 1_500_000, 3_000_000]).cells(None, "")
        self.assertEqual([cells[f"bytes_per_client{end}"] for end in ("", "_lo", "_hi")], [2000, 1000, 4000])

    def test_is_no_figure_of_few_clients_or_below_nothing(self):
        for clients, pss_bytes in ((499, [2_000_000]), (1000, [900_000]), (1000, [])):
            with self.subTest(clients=clients, pss_bytes=pss_bytes):
                self.assertIsNone(row(clients, pss_bytes).cells(None, "")["bytes_per_client"])


class Notes(unittest.TestCase):
    def test_a_round_that_failed_is_told_beside_what_is_told_anyway(self):
        one = results.Row(JOBS["sse"], "wrk", "1", 1, "knows no events")
        for at, fault in ((1, "it ended"), (2, "nothing\n  happens"), (4, "it ended")):
            one.fail(at, fault)
        expected = "knows no events; round 1, 4: it ended; round 2: nothing happens"
        self.assertEqual(one.cells(None, "")["note"], expected)


class Ratio(unittest.TestCase):
    def test_is_the_median_of_the_rounds_that_both_have(self):
        self.assertEqual(results.ratio({1: 10, 2: 30, 4: 80}, {1: 10, 2: 10, 3: 1, 4: 10}), 3)
        self.assertIsNone(results.ratio({1: 10}, {2: 10}))
        self.assertIsNone(results.ratio({1: 10}, None))


if __name__ == "__main__":
    unittest.main()
