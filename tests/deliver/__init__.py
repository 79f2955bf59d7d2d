"""Delivery: alerts to receivers that are real servers on loopback."""
