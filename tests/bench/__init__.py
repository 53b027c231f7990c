"""Benchmarks: `python -m tests.bench [name…]`. Each prints its floor, measured in the same run, beside its figure."""
