"""Timers: which incidents fall due next. The instants themselves stand in the rows."""

from sla_engine.timer.near import WINDOW_MS, Near

__all__ = ["WINDOW_MS", "Near"]
