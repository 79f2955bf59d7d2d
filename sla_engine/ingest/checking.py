"""Events judged at the door by the decoder that the workers use: what is taken is no dead letter.

Only what one event decides alone: duplicates, horizons and deleted incidents are the workers'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

import numpy as np
import orjson
from numpy.typing import NDArray

from sla_engine.event.decode import Decoder, text
from sla_engine.event.layout import DeadCode, EventType
from sla_engine.ingest.problem import Refusal

_SAMPLE = {
    "specversion": "1.0",
    "id": "1",
    "source": "gateway",
    "type": "incident.created",
    "subject": "1",
    "time": "2026-01-01T00:00:00Z",
    "data": {"title": "sample"},
}
_ENGINES_OWN: dict[int, str] = {
    EventType.POLICY_PUBLISHED: "`sla-engine policy publish`",
    EventType.TIME: "`sla-engine send --until`",
    EventType.ABSORBED: "`incident.merged`, from which the worker makes it",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """An event that the log may have: `key` None = a control record, one copy per partition."""

    key: bytes | None
    value: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that the decoder refuses, as it is kept among the dead letters."""

    value: bytes
    code: str
    message: str


@dataclass(slots=True)
class _Records:
    """Bytes with spans, as the decoder reads a batch (event.decode.Records)."""

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    value_start: NDArray[np.int32]
    value_end: NDArray[np.int32]
    append_ms: NDArray[np.int64]


class Checker:
    """Judges the events of one request; not for several threads at once."""

    def __init__(self) -> None:
        self._decoder = Decoder()

    def warm(self) -> None:
        """Compile the decoder's kernels, or load them: half a minute the first time."""
        usual = orjson.dumps(_SAMPLE)
        # An escape in a name is left to the normaliser, and so is what is refused.
        unusual = usual.replace(b'"title"', b'"titl\\u0065"')
        self._decoder.decode(_records([usual, unusual, b"{}"]))

    def check(
        self,
        events: Sequence[bytes],
        latest_ms: int | None,
        tenant: str | None,
        *,
        batch: bool,
        dead: list[Refused] | None = None,
    ) -> list[Taken]:
        """The events, or Refusal for the first bad one, with its index if they are a batch.

        An event later than `latest_ms` is refused (None: unchecked), and one of another tenant
        than `tenant` (None: any is allowed). With `dead`, what the decoder refuses goes there.
        """
        if not events:
            return []
        found = self._decoder.decode(_records(events), latest_ms)
        taken: list[Taken] = []
        for i, raw in enumerate(events):
            index = i if batch else None
            row = found.events[i]
            if row["code"]:
                code = DeadCode(int(row["code"])).name
                if dead is not None:
                    dead.append(Refused(raw, code, found.messages[i]))
                    continue
                raise _bad(code, found.messages[i], index)
            kind = int(row["type"])
            if kind in _ENGINES_OWN:
                raise _bad(
                    "UNKNOWN_TYPE",
                    f"type: is the engine's own and not taken here; use {_ENGINES_OWN[kind]}",
                    index,
                )
            first = int(row["span"])
            owner, subject = (text(found.data, span) for span in found.spans[first : first + 2])
            if tenant is not None and owner != tenant:
                message = f"tenant: this sender may send for `{tenant}` only; send that tenant"
                raise Refusal(HTTPStatus.FORBIDDEN, "WRONG_TENANT", message, index=index)
            control = kind == EventType.CUSTOMER_UPDATED
            taken.append(Taken(None if control else subject.encode(), raw))
        return taken


def _bad(code: str, message: str, index: int | None) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, code, message, index=index)


def _records(events: Sequence[bytes]) -> _Records:
    sizes = np.fromiter((len(event) for event in events), np.int64, len(events))
    ends = np.cumsum(sizes)
    return _Records(
        data=np.frombuffer(b"".join(events), np.uint8),
        offsets=np.arange(len(events), dtype=np.int64),
        value_start=(ends - sizes).astype(np.int32),
        value_end=ends.astype(np.int32),
        append_ms=np.full(len(events), -1, np.int64),
    )
