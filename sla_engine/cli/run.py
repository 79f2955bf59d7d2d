"""`sla-engine run`: a worker. Kafka if brokers are configured, otherwise Redis Streams."""

from __future__ import annotations

from pathlib import Path

import click

from sla_engine.cli.common import load, say


@click.command(
    epilog="""\b
Examples:
  sla-engine run --policies policies
  SLA_KAFKA__BROKERS=127.0.0.1:9092 SLA_REDIS__URL=redis://127.0.0.1:6379/0 sla-engine run
"""
)
@click.option("--config", type=click.Path(path_type=Path), help="Settings (sla-engine.toml).")
@click.option("--policies", type=click.Path(path_type=Path), help="Directory of policy files.")
def run(config: Path | None, policies: Path | None) -> None:
    """Run a worker until it is told to stop (Ctrl-C or SIGTERM)."""
    overrides = {"policies.dir": str(policies)} if policies else {}
    settings = load(config, overrides)
    from sla_engine.cli.compile import compile_kernels
    from sla_engine.cli.wiring import build_worker, open_services
    from sla_engine.policy import load_directory
    from sla_engine.telemetry import Metrics, TelemetryServer, configure_logging

    configure_logging(settings.telemetry.log_format, settings.telemetry.log_level)
    policy_set = load_directory(settings.policies.dir)
    compile_kernels()
    metrics = Metrics()
    services = open_services(settings)
    try:
        running = build_worker(services, policy_set, metrics)
        telemetry = None
        if settings.telemetry.metrics_port:
            telemetry = TelemetryServer(
                metrics.render,
                healthy=lambda: str(running.engine.fatal) if running.engine.fatal else None,
                ready=lambda: None if running.engine.positions() else "no partition is owned yet",
                port=settings.telemetry.metrics_port,
                bind=settings.telemetry.bind,
            )
            running.on_stop.append(telemetry.close)
        where = ", ".join(settings.kafka.brokers) or "Redis Streams on a private server"
        say(f"running {len(policy_set.policies)} policies on {where}; Ctrl-C ends it")
        running.run()
    finally:
        services.close()
