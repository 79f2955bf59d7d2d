"""The score of an incident: how much it matters and how close its tightest clock is."""

from sla_engine.score.kernels import base_of_incident, elapsed_for, urgency

__all__ = ["base_of_incident", "elapsed_for", "urgency"]
