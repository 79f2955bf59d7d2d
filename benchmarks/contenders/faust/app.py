"""A stock Faust agent with its state in Redis: event by event, or a thousand at a time.

`python -m benchmarks.contenders.faust.app worker` is one event at a time, as most agents are
written; with BENCH_TAKE=1000 in the environment the agent takes so many at once and makes one
round trip for them. A timer looks every 100 ms for what is due.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Any

import faust
import orjson

from benchmarks.contenders import rules
from benchmarks.contenders.faust.store import Store
from benchmarks.contenders.wire import ASK, MARK, alert, told

TAKE = int(os.environ.get("BENCH_TAKE", "1"))
WITHIN_S = 0.05
POLL_S = 0.1
#: Full buffers make the fetcher sleep for a second, which batches would run into all the time.
BUFFER = 4_096 if TAKE == 1 else 131_072

where = told()
app = faust.App(
    where.group,
    broker=f"kafka://{where.bootstrap}",
    datadir=where.folder,
    store="memory://",
    value_serializer="raw",
    key_serializer="raw",
    consumer_auto_offset_reset="earliest",
    topic_partitions=where.partitions,
    topic_allow_declare=False,
    topic_disable_leader=True,
    web_enabled=False,
    stream_wait_empty=False,
    stream_buffer_maxsize=BUFFER,
)
events = app.topic(where.events)
alerts = app.topic(where.alerts)
answers = app.topic(where.answers)
store = Store(where.redis)
#: The time that each partition has come to, in ms since 1970.
times: dict[int, int] = defaultdict(int)
#: An agent that is half through an event and the timer must not work on one incident.
turn = asyncio.Lock()

Batch = list[tuple[str, dict[str, Any]]]


@app.agent(events)
async def incidents(stream: Any) -> None:
    """Take events as they come."""
    async for taken in batches(stream):
        async with turn:
            parts: dict[int, Batch] = defaultdict(list)
            for one in taken:
                event = orjson.loads(one.value)
                parts[one.message.partition].append((event["subject"], event))
            for partition, batch in parts.items():
                await take(partition, batch)


async def batches(stream: Any) -> AsyncIterator[Sequence[Any]]:
    """Events alone or in batches."""
    if TAKE > 1:
        async for taken in stream.take_events(TAKE, within=WITHIN_S):
            yield taken
    else:
        async for event in stream.events():
            yield [event]


@app.timer(POLL_S)
async def look() -> None:
    """Send what is due before the time of each partition."""
    for partition, time in list(times.items()):
        async with turn:
            await fire(partition, time - 1)


async def take(partition: int, batch: Batch) -> None:
    """Events of one partition, in their order."""
    states = await store.load(partition, {name for name, _ in batch})
    changed: dict[str, rules.State] = {}
    for name, event in batch:
        kind, at = event["type"], rules.instant_ms(event["time"])
        if kind == MARK:
            await store.save(partition, changed)
            await fire(partition, at)
            await answers.send(key=b"time", value=event["id"].encode())
        elif kind == ASK:
            line = rules.line(name, states[name])
            await answers.send(key=name.encode(), value=line.encode())
        else:
            out: list[str] = []
            if name in states:
                rules.apply(name, states[name], event, at, out)
            else:
                states[name] = rules.opened(name, event, at, out)
            changed[name] = states[name]
            times[partition] = at
            await send(name, out)
    await store.save(partition, changed)


async def fire(partition: int, until: int) -> None:
    """Send what is due up to and with `until`."""
    while names := await store.due(partition, until):
        states = await store.load(partition, names)
        for name, state in states.items():
            out: list[str] = []
            rules.fire(name, state, until, out)
            await send(name, out)
        await store.save(partition, states)


async def send(name: str, out: list[str]) -> None:
    """Write alerts."""
    for alert_id in out:
        await alerts.send(key=name.encode(), value=alert(name, alert_id))


if __name__ == "__main__":
    app.main()
