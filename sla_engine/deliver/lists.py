"""The complete list of a large group, in a file that messages name."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from sla_engine.deliver.plan.message import Message
from sla_engine.limits import DELIVER_KEPT_MS, DELIVER_LISTED_MAX


@dataclass(frozen=True, slots=True)
class Lists:
    """Files of JSON lines in `folder`; `url` is where a web server shows it, if one does."""

    folder: Path
    url: str = ""

    async def listed(self, message: Message) -> Message:
        """The message, with the place of its list if it shows only a part of its alerts."""
        if len(message.alerts) <= DELIVER_LISTED_MAX:
            return message
        path = await asyncio.to_thread(self._write, message)
        place = f"{self.url.rstrip('/')}/{path.name}" if self.url else str(path)
        return replace(message, list_at=place)

    def _write(self, message: Message) -> Path:
        path = self.folder / f"{message.id.rpartition('/')[2]}.jsonl"
        if not path.exists():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = path.with_suffix(".new")
            with new.open("wb") as file:
                file.writelines(orjson.dumps(dict(event)) + b"\n" for event in message.alerts)
                file.flush()
                os.fsync(file.fileno())
            new.rename(path)
        return path

    def sweep(self, now_ms: int) -> None:
        """Remove lists that are older than what is known of deliveries."""
        if not self.folder.is_dir():
            return
        for path in self.folder.glob("*.jsonl"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime * 1000 < now_ms - DELIVER_KEPT_MS:
                    path.unlink()
