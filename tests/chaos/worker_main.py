"""A worker process under test: `python -m tests.chaos.worker_main POLICIES`, settings in SLA_*.

The real object graph. What the environment changes: CHAOS_CHECKPOINT_MS makes checkpoint rounds
frequent enough to be hit, CHAOS_DEFECT puts in one of the deliberate defects that the check
must notice.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys

from sla_engine.cli.wiring import build_worker, open_services
from sla_engine.config import load_settings
from sla_engine.engine import worker
from sla_engine.policy import load_directory
from tests.chaos import defects


def main(policies: str) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    faulthandler.register(signal.SIGUSR1, all_threads=True)  # where does it hang?
    given = {name: value for name, value in os.environ.items() if name.startswith("SLA_")}
    given.pop("SLA_FAILPOINT", None)
    settings = load_settings(None, environ=given).settings
    worker.CHECKPOINT_EVERY_MS = int(os.environ.get("CHAOS_CHECKPOINT_MS", "60000"))
    defects.put_in(os.environ.get("CHAOS_DEFECT", ""))
    services = open_services(settings)
    try:
        build_worker(services, load_directory(policies)).run()
    finally:
        services.close()


if __name__ == "__main__":
    main(sys.argv[1])
