"""Alerts: their ids, their CloudEvents, what was sent and how it is corrected."""
