"""Metrics: every name is in the table, every value comes out as it went in."""

import re

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sla_engine.telemetry import METRICS, Metrics, metrics_markdown
from sla_engine.telemetry.metrics import SERIES_MAX


def scraped(metrics: Metrics) -> dict[tuple[str, str], float]:
    """(name, label values joined) -> value, as a Prometheus server would read it."""
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_what_was_counted_is_scraped() -> None:
    metrics = Metrics()
    metrics.count("sla_batches")
    metrics.count("sla_batches", 2)
    metrics.count("sla_dead_letters", 5, "NOT_JSON")
    metrics.set("sla_partition_clock_lag_seconds", 1.5, "7")
    found = scraped(metrics)
    assert found["sla_batches_total", ""] == 3
    assert found["sla_dead_letters_total", "NOT_JSON"] == 5
    assert found["sla_partition_clock_lag_seconds", "7"] == 1.5


def test_a_counter_that_never_counted_is_zero_not_absent() -> None:
    assert scraped(Metrics())["sla_batches_total", ""] == 0


def test_a_histogram_counts_a_value_on_its_bound_below_it() -> None:
    metrics = Metrics()
    metrics.observe_all("sla_lateness_seconds", np.array([0.001, 0.0011, 0.4, 9999.0]))
    metrics.observe("sla_lateness_seconds", 0.4)
    found = scraped(metrics)
    assert found["sla_lateness_seconds_bucket", "0.001"] == 1
    assert found["sla_lateness_seconds_bucket", "0.002"] == 2
    assert found["sla_lateness_seconds_bucket", "0.5"] == 4
    assert found["sla_lateness_seconds_bucket", "3600.0"] == 4
    assert found["sla_lateness_seconds_bucket", "+Inf"] == 5
    assert found["sla_lateness_seconds_count", ""] == 5
    assert found["sla_lateness_seconds_sum", ""] == pytest.approx(9999.8021)


def test_a_watched_gauge_is_read_at_the_scrape_and_a_broken_one_hides_alone() -> None:
    metrics = Metrics()
    depth = [3]
    metrics.watch("sla_outbox_depth", lambda: depth[0])
    metrics.watch("sla_armed_timers", lambda: 1 / 0)
    assert scraped(metrics)["sla_outbox_depth", ""] == 3
    depth[0] = 4
    assert scraped(metrics)["sla_outbox_depth", ""] == 4


def test_a_partition_that_was_given_up_is_forgotten() -> None:
    metrics = Metrics()
    metrics.set("sla_log_lag_events", 9, "1")
    metrics.watch("sla_log_lag_events", lambda: 9, "2")
    metrics.forget("sla_log_lag_events", "1")
    metrics.forget("sla_log_lag_events", "2")
    assert not [key for key in scraped(metrics) if key[0] == "sla_log_lag_events"]


def test_the_number_of_series_is_bounded() -> None:
    metrics = Metrics()
    for number in range(SERIES_MAX + 50):
        metrics.count("sla_unlisted_values", 1, f"custom.{number}")
    found = scraped(metrics)
    names = [key for key in found if key[0] == "sla_unlisted_values_total"]
    assert len(names) == SERIES_MAX + 1
    assert found["sla_unlisted_values_total", "other"] == 50


@pytest.mark.parametrize(
    ("name", "labels"), [("sla_nothing", ()), ("sla_events", ()), ("sla_armed_timers", ())]
)
def test_a_name_or_label_that_the_table_lacks_is_our_mistake(
    name: str, labels: tuple[str, ...]
) -> None:
    with pytest.raises(AssertionError):
        Metrics().count(name, 1, *labels)


def test_every_metric_is_well_named_and_documented() -> None:
    text = metrics_markdown()
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert re.fullmatch(r"sla_[a-z_]+", metric.name)
        assert f"`{metric.name}" in text
        assert metric.help.endswith(".")
        assert metric.buckets == tuple(sorted(set(metric.buckets)))
