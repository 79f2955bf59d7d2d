"""Compiles the kernels once, telling the user what takes so long."""

from __future__ import annotations

import threading
import time

import click

from sla_engine.cli.common import say

#: Silence up to here; beyond it the user is told.
QUIET_S = 2.0


def compile_kernels() -> None:
    """Compile, or load from the cache, every kernel that a worker calls."""
    from sla_engine.engine.warm import compile_all

    done = threading.Event()
    started = time.monotonic()

    def tell() -> None:
        if done.wait(QUIET_S):
            return
        say("compiling the kernels (once; kept in the cache) ...")
        while not done.wait(10):
            say(f"  still compiling, {time.monotonic() - started:.0f} s")

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        compile_all()
    finally:
        done.set()
        teller.join()
    took = time.monotonic() - started
    if took > QUIET_S:
        click.echo(f"kernels are ready after {took:.0f} s", err=True)


if __name__ == "__main__":
    compile_kernels()
