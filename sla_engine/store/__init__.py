"""Durable state of partitions: Redis, its twin in memory, the guard, the private server, followers.

Modules are imported by their own names: a command that only needs the private server pays for
nothing else.
"""
