"""Measurements, run by hand: `python -m tests.benchmarks.startup`, `python -m tests.benchmarks.events`."""
