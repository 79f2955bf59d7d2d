"""Refusals that a person has to settle: what does not fit, and the ways out."""

from __future__ import annotations

from sla_engine.engine.ports import LogIdentity
from sla_engine.errors import PositionLost, StoreError, StoreRefused


def another_log(partition: int, held: LogIdentity, found: LogIdentity, place: str) -> PositionLost:
    """The state of a partition belongs to another log than the one that is read now."""
    if held.topic != found.topic:
        differs = f"topic `{held.topic}`, not to `{found.topic}`"
        back = f"set kafka.events to `{held.topic}`"
    elif held.topic_id != found.topic_id:
        differs = (
            f"an earlier topic `{held.topic}` (id {held.topic_id}); the one of now has the "
            f"id {found.topic_id}: it was deleted and made anew"
        )
        back = "restore the topic"
    else:
        differs = (
            f"`{held.topic}` with {held.partitions} partitions; now it has {found.partitions}, "
            f"which would put incidents into other partitions than their state"
        )
        back = f"give the engine a topic with {held.partitions} partitions"
    return PositionLost(
        f"partition {partition}: the state in {place} belongs to {differs}. {back[0].upper()}"
        f"{back[1:]}, or start with an empty store (another database in [redis] url, another "
        f"[data] dir) and read the new log from its beginning",
        code="OTHER_LOG",
    )


def torn(partition: int, prefix: str, place: str) -> PositionLost:
    """The keys of a partition do not fit each other."""
    return PositionLost(
        f"partition {partition}: its header, journal and outbox in {place} do not fit each other: "
        f"keys were removed or written by hand. Set the whole store back to a copy, or remove "
        f"every key `{prefix}{{{partition}}}:*` and the log is read from its beginning",
        code="TORN",
    )


def other_format(partition: int, found: str, place: str) -> StoreRefused:
    """Written by a release that lays its keys out otherwise."""
    return StoreRefused(
        f"partition {partition}: the state in {place} has the format {found}, which this release "
        f"does not know: run the release that wrote it, or start with an empty store",
        code="OTHER_FORMAT",
    )


def written_once(name: str, place: str) -> StoreError:
    """A shared blob may not change under its name."""
    return StoreError(
        f"the shared blob `{name}` in {place} has other content: such blobs are written once, "
        f"under a name that changes with the content",
        code="WRITE_ONCE",
    )


def beyond(partition: int, trim: int, sequence: int) -> StoreError:
    """What is not written yet cannot be trimmed."""
    return StoreError(
        f"partition {partition}: trim point {trim} is behind the last entry {sequence}",
        code="BEYOND",
    )
