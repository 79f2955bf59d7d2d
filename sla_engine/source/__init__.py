"""Vendors' payloads to events: pure functions, and the signatures that prove them."""
