"""A replay from a file of events to files of clocks, alerts and dead letters."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import IO, Any

import click
import orjson

from sla_engine.cli.events_file import pieces
from sla_engine.cli.progress import Progress
from sla_engine.cli.tally import Tally
from sla_engine.config import Settings
from sla_engine.engine.replay import Incident, Refused, Replay
from sla_engine.engine.replay_arrival import ArrivalReplay
from sla_engine.engine.turn import TurnSettings
from sla_engine.event.times import parse_time_text
from sla_engine.policy import PolicySet, load_directory

_FIRST_TIME = "(the first time, kernels are compiled; they are kept)"
#: Incidents between two renewals of the progress.
_EVERY = 256


class Outputs:
    """The files that were asked for; clocks are written as they come, alerts at the end."""

    def __init__(
        self, alerts: str | None, clocks: str | None, dead: str | None, not_before_ms: int | None
    ) -> None:
        self._paths = (alerts, clocks, dead)
        self._not_before_ms = not_before_ms
        self._stack = ExitStack()
        self._kept: list[tuple[tuple[str, ...], bytes]] = []

    def __enter__(self) -> Outputs:
        with ExitStack() as stack:
            files = [None if path is None else _create(path, stack) for path in self._paths]
            self._alerts, self._clocks, self._dead = files
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def take(self, incident: Incident) -> None:
        """One incident with its alerts, in the order of tenants and incidents."""
        if self._alerts is None:
            self.take_clocks(incident)
            return
        alerts = incident.alerts()
        self.take_clocks(incident, alerts)
        self.take_alerts(alert for alert in alerts if self._is_sent(alert))

    def take_clocks(
        self, incident: Incident, alerts: Sequence[dict[str, Any]] | None = None
    ) -> None:
        """One incident's clocks."""
        if self._clocks is not None:
            self._clocks.writelines(_line(clock) for clock in incident.clocks(alerts))

    def take_alerts(self, alerts: Iterable[dict[str, Any]]) -> None:
        """Alerts that were sent, in any order."""
        if self._alerts is not None:
            self._kept += [
                ((one["time"], one["tenant"], one["subject"], one["id"]), _line(one))
                for one in alerts
            ]

    def _is_sent(self, alert: dict[str, Any]) -> bool:
        # alerts.not_before: "recorded, not sent"; the clocks still tell of it.
        return self._not_before_ms is None or parse_time_text(alert["time"]) >= self._not_before_ms

    def finish(self, replay: Replay | ArrivalReplay) -> None:
        """What can be written only when everything is known."""
        if self._alerts is not None:
            self._kept.sort(key=lambda kept: kept[0])
            self._alerts.writelines(line for _, line in self._kept)
        if self._dead is not None:
            self._dead.writelines(_line(dead_letter(one)) for one in replay.log.dead_letters())


def _create(path: str, stack: ExitStack) -> IO[bytes]:
    if path == "-":
        return click.get_binary_stream("stdout")
    try:
        return stack.enter_context(open(path, "wb"))
    except OSError as error:
        raise click.FileError(path, error.strerror) from error


def _line(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def dead_letter(refused: Refused) -> dict[str, Any]:
    """A refused event as `--dead` writes it (contracts section 4)."""
    return {
        "code": refused.code,
        "message": refused.message,
        "line": refused.line,
        "bytes": b64encode(refused.raw).decode(),
    }


def read(
    path: str,
    settings: Settings,
    *,
    keep_raw: bool = False,
    published: Sequence[PolicySet] = (),
) -> Replay:
    """A replay that was given all events of a file."""
    policies = load_directory(settings.policies.dir)
    replay = Replay(
        policies,
        actors=settings.engine.actors,
        allowed=settings.alerts.attributes,
        keep_raw=keep_raw,
        published=published,
    )
    _add_all(replay, path)
    return replay


def read_as_arrived(
    path: str, settings: Settings, *, published: Sequence[PolicySet] = ()
) -> ArrivalReplay:
    """A replay that took all events of a file in the order in which they stand there."""
    policies = load_directory(settings.policies.dir)
    not_before = settings.alerts.not_before_ms
    turns = TurnSettings(
        horizon_ms=settings.lateness.horizon_ms,
        not_before_ms=-(2**62) if not_before is None else not_before,
        attributes=settings.alerts.attributes,
    )
    actors = settings.engine.actors
    replay = ArrivalReplay(policies, turns, actors=actors, published=published)
    _add_all(replay, path)
    return replay


def _add_all(replay: Replay | ArrivalReplay, path: str) -> None:
    with Progress() as progress:
        progress.step(f"reading {path} {_FIRST_TIME}")
        for piece in pieces(path):
            replay.add(piece)
            progress.count(replay.log.events)


def folded(
    replay: Replay | ArrivalReplay, until_ms: int | None, partitions: int, outputs: Outputs
) -> tuple[Tally, int]:
    """Fold every incident into the outputs; (the figures, the end of time in ms)."""
    end_ms = replay.end_ms(until_ms)
    tally = Tally()
    with Progress() as progress:
        progress.step(f"folding incidents {_FIRST_TIME}")
        for incident in _incidents(replay, end_ms, partitions):
            tally.add(incident)
            if isinstance(replay, Replay):
                tally.add_alerts(incident)
                outputs.take(incident)
            else:
                outputs.take_clocks(incident)
            if tally.incidents % _EVERY == 0:
                progress.count(tally.incidents)
        progress.step("writing")
        if isinstance(replay, ArrivalReplay):
            outputs.take_alerts(replay.sent)
            tally.alerts.update(alert["type"] for alert in replay.sent)
        outputs.finish(replay)
    return tally, end_ms


def _incidents(replay: Replay | ArrivalReplay, end_ms: int, partitions: int) -> Iterator[Incident]:
    from sla_engine.stream.murmur2 import partition_of

    if isinstance(replay, ArrivalReplay):
        return replay.incidents(end_ms)
    return replay.incidents(
        end_ms,
        partitions=partitions,
        place=lambda incident: partition_of(incident.encode(), partitions),
    )
