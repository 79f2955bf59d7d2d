"""The vendors that are known, by the name that `gateway.hooks` says."""

from __future__ import annotations

from typing import Final

from sla_engine.source import alertmanager, jira, pagerduty, servicenow, zendesk
from sla_engine.source.model import Source
from sla_engine.source.signature import Scheme

SOURCES: Final = {
    source.kind: source
    for source in (
        Source(
            "zendesk",
            Scheme.ZENDESK,
            zendesk.translate,
            "developer.zendesk.com/api-reference/webhooks/event-types/ticket-events",
        ),
        Source(
            "jira",
            Scheme.HUB,
            jira.translate,
            "developer.atlassian.com/cloud/jira/service-desk/webhooks",
        ),
        Source(
            "pagerduty",
            Scheme.PAGERDUTY,
            pagerduty.translate,
            "github.com/PagerDuty/developer-docs, docs/webhooks/01-Overview",
        ),
        Source(
            "servicenow",
            Scheme.BEARER,
            servicenow.translate,
            "developer.servicenow.com, GlideRecord and RESTMessageV2; the payload is ours",
        ),
        Source(
            "alertmanager",
            Scheme.BEARER,
            alertmanager.translate,
            "prometheus.io/docs/alerting/latest/configuration, webhook_config",
        ),
    )
}
