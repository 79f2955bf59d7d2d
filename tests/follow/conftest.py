"""Fixtures: the stores on which a follower is tried."""

from tests.store.conftest import _backend, world

__all__ = ["_backend", "world"]
