"""Every metric in one table: name, kind, help, labels; the documentation is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class MetricKind(StrEnum):
    """How a metric moves."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; `buckets` are the upper bounds of a histogram, without the infinite one."""

    name: str
    kind: MetricKind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


LATENESS_S: Final = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0),
)
CALL_S: Final = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)
CLAIM_S: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
BATCH_EVENTS: Final = (1.0, 10.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 5000.0, 20000.0)


def counter(name: str, help_text: str, *labels: str) -> Metric:
    """A count since the start of the process; the exposed name gets `_total`."""
    return Metric(name, MetricKind.COUNTER, help_text, labels)


def gauge(name: str, help_text: str, *labels: str) -> Metric:
    """A value as it is now."""
    return Metric(name, MetricKind.GAUGE, help_text, labels)


def histogram(name: str, help_text: str, buckets: tuple[float, ...], *labels: str) -> Metric:
    """A distribution."""
    return Metric(name, MetricKind.HISTOGRAM, help_text, labels, buckets)


METRICS: Final[tuple[Metric, ...]] = (
    gauge("sla_build_info", "Always 1; the version of the engine is in the label.", "version"),
    # -- events in
    counter(
        "sla_events",
        "Events read from the log: applied, duplicate, unchanged (an update that changes "
        "nothing), skipped (a replayed prefix), dead.",
        "outcome",
    ),
    counter("sla_batches", "Raw batches taken from the log."),
    histogram("sla_batch_events", "Events in one turn of the engine.", BATCH_EVENTS),
    counter("sla_dead_letters", "Events put on the dead-letter topic, by code.", "code"),
    counter("sla_ignored_members", "Unknown members of events, ignored."),
    counter("sla_unlisted_values", "Values that no policy lists, kept.", "attribute"),
    counter("sla_order_conflicts", "Events whose sequence contradicts their time; time won."),
    counter("sla_refolds", "Incidents folded again from their history, by cause.", "cause"),
    # -- the gateway
    counter(
        "sla_gateway_requests",
        "Requests answered by the gateway, by source (- = not proven) and status.",
        "source",
        "status",
    ),
    counter("sla_gateway_events", "Events that the log acknowledged, by source.", "source"),
    counter("sla_gateway_replays", "Requests of a hook that had been taken before.", "source"),
    gauge("sla_gateway_in_flight", "Events handed to the log and not acknowledged yet."),
    histogram("sla_gateway_seconds", "From a request's head to its answer.", CALL_S),
    # -- the API
    counter(
        "sla_api_requests", "Requests answered by the API, by route and status.", "route", "status"
    ),
    histogram("sla_api_seconds", "From a request's head to the head of its answer.", CALL_S),
    # -- time
    histogram(
        "sla_lateness_seconds",
        "From an alert's instant to the instant at which it was decided.",
        LATENESS_S,
    ),
    gauge(
        "sla_partition_clock_lag_seconds",
        "Wall time minus the partition's clock: what an unread backlog holds back.",
        "partition",
    ),
    gauge("sla_log_lag_events", "Records of the log not yet applied.", "partition"),
    gauge("sla_armed_timers", "Incidents with a due instant ahead of them."),
    gauge("sla_open_incidents", "Incidents held in memory."),
    gauge("sla_inbox_batches", "Raw batches that wait for the engine thread."),
    # -- alerts out
    counter("sla_alerts", "Alerts decided, by type.", "type"),
    counter("sla_corrections", "Corrections decided: retracted or amended.", "kind"),
    gauge("sla_outbox_depth", "Alerts decided that the log has not acknowledged yet."),
    # -- delivery
    counter("sla_deliver_alerts", "Alerts read from the log and owed to their destinations."),
    counter(
        "sla_deliver_attempts",
        "Attempts of delivery, by destination and verdict: sent, again, dead.",
        "destination",
        "verdict",
    ),
    gauge("sla_deliver_waiting", "Messages that wait for a destination.", "destination"),
    gauge("sla_deliver_dead", "Dead letters of a destination.", "destination"),
    counter("sla_deliver_dropped", "Dead letters dropped, the oldest beyond their bound."),
    # -- ownership and the store
    gauge("sla_owned_partitions", "Partitions this worker owns."),
    counter("sla_claims", "Claims of a partition: loaded, kept (memory was current), lost.", "how"),
    histogram("sla_claim_seconds", "From a claim to the end of its loading.", CLAIM_S),
    counter(
        "sla_refused_writes",
        "Writes that the store refused: fenced, offset, unavailable.",
        "reason",
    ),
    counter("sla_journal_bytes", "Bytes written to journals."),
    counter("sla_checkpoint_bytes", "Bytes of pages and timer slots written behind the journal."),
    histogram("sla_store_seconds", "One call to Redis, by call.", CALL_S, "call"),
    histogram(
        "sla_produce_seconds", "From handing a record over to its acknowledgement.", CALL_S, "topic"
    ),
)


def metrics_markdown() -> str:
    """The table of metrics for the documentation."""
    rows = [
        f"| `{exposed_name(metric)}` | {metric.kind} "
        f"| {', '.join(f'`{label}`' for label in metric.labels) or '-'} | {metric.help} |"
        for metric in METRICS
    ]
    return "\n".join(["| metric | kind | labels | meaning |", "|---|---|---|---|", *rows, ""])


def exposed_name(metric: Metric) -> str:
    """The name as it is scraped."""
    return f"{metric.name}_total" if metric.kind is MetricKind.COUNTER else metric.name
