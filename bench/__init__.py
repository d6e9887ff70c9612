"""Benchmarks: each prints JSON lines with a rate, the floor measured in the same run, and their ratio."""
