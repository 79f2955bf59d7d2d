"""Incidents in a Redis hash and their next steps in a sorted set, both per partition."""

from __future__ import annotations

from collections.abc import Iterable

import orjson
from redis.asyncio import Redis

from benchmarks.contenders import rules


class Store:
    """What one worker keeps in Redis."""

    def __init__(self, socket: str) -> None:
        self._redis = Redis(unix_socket_path=socket)

    async def load(self, partition: int, names: Iterable[str]) -> dict[str, rules.State]:
        """The states of those incidents that are known."""
        wanted = list(names)
        found = await self._redis.hmget(f"incidents:{partition}", wanted)
        return {
            name: orjson.loads(text)
            for name, text in zip(wanted, found, strict=True)
            if text is not None
        }

    async def save(self, partition: int, states: dict[str, rules.State]) -> None:
        """Write states and their clocks' next steps in one transaction."""
        if not states:
            return
        due, never = {}, []
        for name, state in states.items():
            for clock, instant in enumerate(rules.instants(state)):
                if instant == rules.NEVER:
                    never.append(f"{name}|{clock}")
                else:
                    due[f"{name}|{clock}"] = instant
        texts = {name: orjson.dumps(state) for name, state in states.items()}
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(f"incidents:{partition}", mapping=texts)
            if due:
                pipe.zadd(f"steps:{partition}", due)
            if never:
                pipe.zrem(f"steps:{partition}", *never)
            await pipe.execute()

    async def due(self, partition: int, until: int, count: int = 1_000) -> set[str]:
        """Some of the incidents that have a step up to and with `until`."""
        found = await self._redis.zrangebyscore(
            f"steps:{partition}", "-inf", until, start=0, num=count
        )
        return {member.decode().partition("|")[0] for member in found}
