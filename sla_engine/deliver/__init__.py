"""Delivery: alerts from the log to where people and systems are. `plan` decides, the rest does."""
