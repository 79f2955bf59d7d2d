"""Benchmarks: speed as figures from one run on one machine, with the command that repeats it."""
