"""The right answer to a size of the job, kept in the user's cache: full size takes minutes."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from benchmarks.job.answer import answer
from benchmarks.job.checksum import Checksum, checksum
from benchmarks.job.generate import Job

JOB = Path(__file__).parents[1] / "job"


@dataclass(frozen=True)
class Expected:
    """The size of the job and its slow answer."""

    job: Job
    checksum: Checksum

    @property
    def patience_s(self) -> float:
        """Long enough for 300 events a second."""
        return 60 + self.job.events / 300


def cache() -> Path:
    """Where things are kept that can be made again."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return folder / "sla-engine" / "contenders"


def expected_of(incidents: int) -> Expected:
    """From the cache, or worked out."""
    job = Job(incidents)
    path = cache() / f"answer-{incidents}-{_definition()}.json"
    if path.exists():
        return Expected(job, Checksum(**json.loads(path.read_text())))
    values = (value for _, value in job.records())
    found = checksum(*answer(values, job.end_ms), job.begin_ms)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(found)))
    return Expected(job, found)


def _definition() -> str:
    """Changes whenever the job's text does."""
    texts = b"".join(path.read_bytes() for path in sorted(JOB.glob("*.py")))
    return sha256(texts).hexdigest()[:12]
