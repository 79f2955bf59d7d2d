"""Delivery to ten destinations, all well, then three of them ill: what the other seven notice.

`python -m benchmarks.delivery [--rate N] [--seconds S]`. Alerts come at a steady pace on a log in
memory; the receivers are a process of their own, and one takes the time from putting an alert on
the log to its arrival, on the machine's monotonic clock. One hangs, one answers 500, one 429.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web

from tests.deliver.delivering import MemoryAlerts, Running, alert

WELL, ILL = 7, ("hangs", "fails", "busy")
RESULT = Path(__file__).parent / "results" / "delivery.json"


async def receive(ill: bool) -> None:
    """Ten receivers until stdin ends; then the milliseconds of each well one on stdout."""
    waited: dict[str, list[float]] = {}
    names = [*(f"well-{i}" for i in range(WELL)), *ILL]
    ports = {}
    for name in names:

        async def take(request: web.Request, name: str = name) -> web.Response:
            now_ns = time.monotonic_ns()
            put_ns = (await request.json())["data"]["attributes"]["put_ns"]
            waited.setdefault(name, []).append((now_ns - put_ns) / 1e6)
            if ill and name == "hangs":
                await asyncio.sleep(3_600)
            status = {"fails": 500, "busy": 429}.get(name, 204) if ill else 204
            return web.Response(status=status, headers={"Retry-After": "1"})

        app = web.Application()
        app.router.add_post("/", take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        ports[name] = runner.addresses[0][1]
    print(json.dumps(ports), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps({name: waited.get(name, []) for name in names[:WELL]}), flush=True)


def measure(rate: int, seconds: int, ill: bool) -> dict[str, Any]:
    """Half, 99 % and most of the milliseconds at the well receivers."""
    command = [sys.executable, "-m", "benchmarks.delivery", "--receive", "ill" if ill else "well"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as receivers:
        assert receivers.stdin is not None
        assert receivers.stdout is not None
        ports = json.loads(receivers.stdout.readline())
        lines = "".join(
            f"  {name}: {{kind: webhook, url: 'http://127.0.0.1:{port}/', timeout: 2s}}\n"
            for name, port in ports.items()
        )
        plan = f"destinations:\n{lines}default: [{', '.join(ports)}]\n"
        log = MemoryAlerts(1)
        with tempfile.TemporaryDirectory() as folder:
            running = Running(plan, log, Path(folder))
            begun = time.monotonic()
            for number in range(rate * seconds):
                time.sleep(max(0.0, begun + number / rate - time.monotonic()))
                log.add(alert(str(number), attributes={"put_ns": time.monotonic_ns()}))
            done = "SELECT count(*) FROM deliveries WHERE state = 1 AND destination LIKE 'well-%'"
            running.wait_until(done, [(WELL * rate * seconds,)])
            running.stop()
        receivers.stdin.close()
        found = json.loads(receivers.stdout.readline())
    waited = np.array([one for each in found.values() for one in each])
    assert len(waited) == WELL * rate * seconds, "each alert once at each well receiver"
    return {
        "messages": len(waited),
        "half_ms": round(float(np.percentile(waited, 50)), 1),
        "p99_ms": round(float(np.percentile(waited, 99)), 1),
        "most_ms": round(float(waited.max()), 1),
    }


def main() -> None:
    """Measure both, one after the other, and keep the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delivery", description=__doc__)
    parser.add_argument("--rate", type=int, default=40, help="alerts per second")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--receive", choices=["well", "ill"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.receive:
        asyncio.run(receive(options.receive == "ill"))
        return
    found: dict[str, Any] = {
        "command": f"python -m benchmarks.delivery --rate {options.rate}"
        f" --seconds {options.seconds}"
    }
    for name in ("all_well", "three_ill", "all_well_again"):
        found[name] = measure(options.rate, options.seconds, name == "three_ill")
        print(name, found[name], flush=True)
    RESULT.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
