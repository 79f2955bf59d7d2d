"""`python -m benchmarks`: the short set, with a table on stdout and the figures in results/."""

from __future__ import annotations

import argparse

from benchmarks.worker_kafka import measure, save


def main() -> None:
    """Measure one worker on Kafka with Redis durable."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--incidents", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=20, help="of the lateness run")
    options = parser.parse_args()
    found = measure(options.incidents, options.seconds)
    command = f"python -m benchmarks --incidents {options.incidents} --seconds {options.seconds}"
    path = save(found, command)
    width = max(len(name) for name in found)
    for name, value in found.items():
        print(f"{name:<{width}}  {value}")
    print(f"kept in {path}")


if __name__ == "__main__":
    main()
