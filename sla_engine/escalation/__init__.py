"""Escalation: who is told and what is asked for, at the instant of a step."""
