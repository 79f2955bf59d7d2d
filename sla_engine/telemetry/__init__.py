"""What the engine tells about itself: log lines, metrics, and whether it is alive and ready."""

from sla_engine.telemetry.logs import configure_logging
from sla_engine.telemetry.metrics import Metrics
from sla_engine.telemetry.server import TelemetryServer
from sla_engine.telemetry.table import METRICS, Metric, MetricKind, metrics_markdown

__all__ = [
    "METRICS",
    "Metric",
    "MetricKind",
    "Metrics",
    "TelemetryServer",
    "configure_logging",
    "metrics_markdown",
]
