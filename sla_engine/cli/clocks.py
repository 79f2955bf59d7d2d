"""`sla-engine clocks`: every change of a clock to the topic `clocks`."""

from __future__ import annotations

from pathlib import Path

import click

from sla_engine.cli.common import load, say
from sla_engine.cli.options import config_option, policies_option


@click.command(
    epilog="""\b
Examples:
  SLA_KAFKA__CLOCKS=clocks sla-engine clocks
  SLA_KAFKA__CLOCKS=clocks sla-engine clocks --once
"""
)
@click.option("--once", is_flag=True, help="Bring the topic up to date, and end.")
@policies_option
@config_option
def clocks(once: bool, policies: Path | None, config: Path | None) -> None:
    """Keep the topic of the setting kafka.clocks up to date until told to stop (Ctrl-C, SIGTERM).

    Run one of it per store. At the start the topic is compared with the store, so nothing that
    changed in between is missed.
    """
    settings = load(config, {"policies.dir": str(policies)} if policies else {})
    from sla_engine.cli.live_clocks import produce

    produce(settings, say, once=once)
