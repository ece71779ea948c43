"""Measurements, run by hand: `python -m tests.benchmarks.startup`, `... .events`, `... .completion`."""
