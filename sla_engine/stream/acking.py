"""Telling the engine what became of a record, so that its mistakes do not end our threads."""

from __future__ import annotations

import logging

from sla_engine.engine.ports import Acked, OutRecord

log = logging.getLogger(__name__)


def tell(acked: Acked, record: OutRecord, offset: int | None, error: str) -> None:
    """Call `acked`; what it raises is logged."""
    try:
        acked(record, offset, error)
    except Exception:
        log.exception("the callback for a produced record failed")
