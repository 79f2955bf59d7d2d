"""The store: one set of rules for memory, Redis and Valkey, and what only real servers show."""
