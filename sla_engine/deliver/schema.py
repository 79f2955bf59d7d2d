"""The file in which delivery keeps what it owes: SQLite, one writer, durable before anything else.

`alerts` holds each alert once, `deliveries` one row per destination and alert (and per message of
a group), `bunches` when a group speaks next, `positions` where reading goes on. Reading an alert
and owing it to its destinations is one transaction; so is sending a group's message.
"""

from __future__ import annotations

import sqlite3
from enum import IntEnum
from pathlib import Path
from typing import Final

from sla_engine.errors import StoreUnavailable

VERSION: Final = 1


class State(IntEnum):
    """What a delivery waits for. HELD: its group's turn; MEMBER: the message of its group."""

    WAITING = 0
    DONE = 1
    DEAD = 2
    HELD = 3
    MEMBER = 4


_TABLES: Final = """
CREATE TABLE positions (
    topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
CREATE TABLE alerts (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at_ms INTEGER NOT NULL,
    ended INTEGER NOT NULL, told INTEGER, body BLOB
);
CREATE INDEX alerts_valid ON alerts (number) WHERE ended = 0;
CREATE INDEX alerts_old ON alerts (at_ms);
CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    destination TEXT NOT NULL, id TEXT NOT NULL, alert INTEGER, lane TEXT NOT NULL,
    state INTEGER NOT NULL, due_ms INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',
    bunch TEXT NOT NULL DEFAULT '', parent INTEGER,
    UNIQUE (destination, id)
);
CREATE INDEX deliveries_due ON deliveries (destination, due_ms, number) WHERE state = 0;
CREATE INDEX deliveries_lane ON deliveries (destination, lane, number) WHERE state = 0;
CREATE INDEX deliveries_dead ON deliveries (destination, number) WHERE state = 2;
CREATE INDEX deliveries_held ON deliveries (destination, bunch, number) WHERE state = 3;
CREATE INDEX deliveries_parent ON deliveries (parent) WHERE parent IS NOT NULL;
CREATE INDEX deliveries_alert ON deliveries (alert);
CREATE INDEX deliveries_clock ON deliveries (destination, lane, alert);
CREATE TABLE bunches (
    destination TEXT NOT NULL, bunch TEXT NOT NULL, next_ms INTEGER NOT NULL,
    PRIMARY KEY (destination, bunch)
) WITHOUT ROWID;
CREATE INDEX bunches_next ON bunches (next_ms);
"""


def connect(path: Path, *, busy_s: float = 10.0) -> sqlite3.Connection:
    """Open the file, made when it is missing; StoreUnavailable if that cannot be."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
        database = sqlite3.connect(
            path, timeout=busy_s, isolation_level=None, check_same_thread=False
        )
        database.execute("PRAGMA journal_mode = WAL")
        # An alert is owed once the log's position has passed it: that must survive a power cut.
        database.execute("PRAGMA synchronous = FULL")
        _lay_out(database, path)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"{path}: delivery cannot use it: {error}") from error
    return database


def _lay_out(database: sqlite3.Connection, path: Path) -> None:
    (found,) = database.execute("PRAGMA user_version").fetchone()
    if found == VERSION:
        return
    if found != 0:
        raise StoreUnavailable(f"{path} was written by another version of the engine ({found})")
    database.execute("BEGIN IMMEDIATE")
    try:
        (found,) = database.execute("PRAGMA user_version").fetchone()
        if found == 0:
            for statement in _TABLES.split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {VERSION}")
        database.execute("COMMIT")
    except sqlite3.Error:
        database.execute("ROLLBACK")
        raise
