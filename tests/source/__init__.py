"""Vendors' payloads, and the events they become."""
