"""Counts, values and distributions, kept in plain numbers and rendered when they are scraped.

Fed once per turn or call, never per event; many values at once go through `observe_all`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import (
    Metric as Family,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from sla_engine import __version__
from sla_engine.telemetry.table import METRICS, Metric, MetricKind

Labels = tuple[str, ...]
Buckets = NDArray[np.int64]

SERIES_MAX: Final = 1_000
"""Series of one metric; values beyond it are added up under the label `other`."""
OTHER: Final = "other"

_log = logging.getLogger(__name__)


class Metrics(Collector):
    """The metrics of one process, by the names of the table; safe to use from any thread.

    A name or a number of labels that the table does not have is a mistake of ours: AssertionError.
    """

    def __init__(self, table: tuple[Metric, ...] = METRICS) -> None:
        self._table: Mapping[str, Metric] = {metric.name: metric for metric in table}
        self._lock = threading.Lock()
        self._values: dict[str, dict[Labels, float]] = {name: {} for name in self._table}
        self._counts: dict[str, dict[Labels, NDArray[np.int64]]] = {
            name: {} for name in self._table
        }
        self._watched: dict[tuple[str, Labels], Callable[[], float]] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        if "sla_build_info" in self._table:
            self.set("sla_build_info", 1, __version__)

    def count(self, name: str, amount: float = 1, *labels: str) -> None:
        """Add to a counter."""
        assert amount >= 0, f"{name} cannot go down"
        self._known(name, MetricKind.COUNTER, labels)
        with self._lock:
            series = self._values[name]
            key = _bounded(series, labels)
            series[key] = series.get(key, 0.0) + amount

    def set(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge."""
        self._known(name, MetricKind.GAUGE, labels)
        with self._lock:
            series = self._values[name]
            series[_bounded(series, labels)] = value

    def forget(self, name: str, *labels: str) -> None:
        """Drop one series of a gauge, for instance of a partition that was given up."""
        self._known(name, MetricKind.GAUGE, labels)
        with self._lock:
            self._values[name].pop(labels, None)
            self._watched.pop((name, labels), None)

    def watch(self, name: str, read: Callable[[], float], *labels: str) -> None:
        """Let a gauge be read by a function, when it is scraped and in the scraper's thread."""
        self._known(name, MetricKind.GAUGE, labels)
        with self._lock:
            self._watched[name, labels] = read

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Add one value to a histogram."""
        self.observe_all(name, (value,), *labels)

    def observe_all(self, name: str, values: ArrayLike, *labels: str) -> None:
        """Add many values to a histogram; 100,000 take a few milliseconds."""
        metric = self._known(name, MetricKind.HISTOGRAM, labels)
        many = np.asarray(values, dtype=np.float64)
        places = np.searchsorted(metric.buckets, many, side="left")
        counts = np.bincount(places, minlength=len(metric.buckets) + 1).astype(np.int64)
        with self._lock:
            series = self._counts[name]
            key = _bounded(series, labels)
            series[key] = series.get(key, np.zeros(len(counts), np.int64)) + counts
            sums = self._values[name]
            sums[key] = sums.get(key, 0.0) + float(many.sum())

    def value(self, name: str, *labels: str) -> float:
        """A counter's or gauge's value, or the sum of a histogram; 0 if there is none yet."""
        with self._lock:
            return self._values[name].get(labels, 0.0)

    def render(self) -> bytes:
        """The text exposition format, version 0.0.4."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Family]:
        """What the Prometheus client asks for at a scrape."""
        watched = self._read_watched()
        with self._lock:
            values = {name: dict(series) for name, series in self._values.items()}
            counts = {name: dict(series) for name, series in self._counts.items()}
        for (name, labels), value in watched.items():
            values[name][labels] = value
        for name, metric in self._table.items():
            yield _family(metric, values[name], counts[name])

    def _known(self, name: str, kind: MetricKind, labels: Labels) -> Metric:
        metric = self._table.get(name)
        assert metric is not None, f"{name} is not in the table of metrics"
        assert metric.kind is kind, f"{name} is a {metric.kind}, not a {kind}"
        assert len(labels) == len(metric.labels), f"{name} has the labels {metric.labels}"
        return metric

    def _read_watched(self) -> dict[tuple[str, Labels], float]:
        with self._lock:
            watched = list(self._watched.items())
        found: dict[tuple[str, Labels], float] = {}
        for key, read in watched:
            try:
                found[key] = float(read())
            except Exception:  # a broken reading must not take the other metrics with it
                _log.exception("a metric cannot be read", extra={"metric": key[0]})
        return found


def _bounded(series: Mapping[Labels, object], labels: Labels) -> Labels:
    """The labels, or `other` for each when there are too many series already."""
    if labels in series or len(series) < SERIES_MAX:
        return labels
    return (OTHER,) * len(labels)


def _family(
    metric: Metric,
    values: Mapping[Labels, float],
    counts: Mapping[Labels, Buckets],
) -> Family:
    if metric.kind is MetricKind.HISTOGRAM:
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        bounds = [*(str(bound) for bound in metric.buckets), "+Inf"]
        for labels, places in counts.items():
            running = np.cumsum(places).tolist()
            histogram.add_metric(
                labels, list(zip(bounds, running, strict=True)), sum_value=values[labels]
            )
        return histogram
    family = CounterMetricFamily if metric.kind is MetricKind.COUNTER else GaugeMetricFamily
    simple = family(metric.name, metric.help, labels=metric.labels)
    for labels, value in values.items():
        simple.add_metric(labels, value)
    # A counter that never counted is 0, not absent: alerting rules need it there.
    if not metric.labels and not values:
        simple.add_metric((), 0)
    return simple
