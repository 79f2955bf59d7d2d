"""A worker process for the tests of rebalances: `python -m tests.stream.worker_main JSON`."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

from tests.stream.inboxes import LedgerInbox


def main(arguments: dict[str, Any]) -> None:
    logging.basicConfig(level=logging.INFO)
    inbox = LedgerInbox(Path(arguments["ledger"]), arguments["worker"])
    if "brokers" in arguments:
        from sla_engine.stream.kafka import kafka_log

        log: Any = kafka_log(
            arguments["brokers"],
            events=arguments["topic"],
            group=arguments["topic"],
            session_timeout_ms=arguments["session_timeout_ms"],
            heartbeat_ms=arguments["session_timeout_ms"] // 5,
        )
    else:
        from sla_engine.stream.redis_streams import redis_log

        log = redis_log(
            arguments["url"],
            events=arguments["topic"],
            group=arguments["topic"],
            session_timeout_ms=arguments["session_timeout_ms"],
        )
    log.make_worker(inbox).run()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
