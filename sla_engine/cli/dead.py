"""`sla-engine dead`: what was refused, why, and how to give it back to the log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from sla_engine.cli.common import say
from sla_engine.cli.options import config_option, format_option

if TYPE_CHECKING:
    from sla_engine.cli.live_log import OpenLog
    from sla_engine.engine.ports import OutRecord
    from sla_engine.follow.dead import DeadLetter

_SHOWN_BYTES = 60


@click.group(
    epilog="""\b
Examples:
  sla-engine dead list
  sla-engine dead show 3:17
  sla-engine dead replay --code WRONG_PARTITION
"""
)
def dead() -> None:
    """Dead letters: events that were refused, each with the reason and its bytes."""


@dead.command("list", epilog="Example:  sla-engine dead list --code NO_AUTHOR")
@click.option("--code", help="Only those refused for this reason.")
@format_option
@config_option
def list_(code: str | None, form: str, config: Path | None) -> None:
    """One line per dead letter: PARTITION:OFFSET, code, and the reason."""
    from sla_engine.cli.live_log import open_log
    from sla_engine.follow.dead import all_letters

    with open_log(config) as log:
        for letter in all_letters(log.reader, log.partitions):
            if code is None or letter.code == code:
                _print(letter, form)


@dead.command(epilog="Example:  sla-engine dead show 3:17")
@click.argument("places", metavar="PARTITION:OFFSET...", nargs=-1, required=True)
@format_option
@config_option
def show(places: tuple[str, ...], form: str, config: Path | None) -> None:
    """Everything about some dead letters, bytes included."""
    from sla_engine.cli.live_log import open_log

    with open_log(config) as log:
        for letter in _at(log, places):
            if form == "json":
                _print(letter, form)
                continue
            for name, value in letter.shown().items():
                if name != "bytes":
                    click.echo(f"{name:<10} {value}")
            click.echo((letter.record.value or b"").decode(errors="backslashreplace"))


@dead.command(epilog="Example:  sla-engine dead replay --code WRONG_PARTITION")
@click.argument("places", metavar="[PARTITION:OFFSET]...", nargs=-1)
@click.option("--code", help="Those refused for this reason.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@config_option
def replay(
    places: tuple[str, ...], code: str | None, everything: bool, config: Path | None
) -> None:
    """Put dead letters on the log again, as they came: key and bytes unchanged.

    What is still wrong is refused again; what was applied meanwhile is a duplicate.
    """
    if (bool(places) + (code is not None) + everything) != 1:
        raise click.UsageError("give PARTITION:OFFSET ..., or --code C, or --all")
    from sla_engine.cli.live_log import open_log
    from sla_engine.follow.dead import all_letters, once_each

    with open_log(config) as log:
        chosen = (
            _at(log, places)
            if places
            else [
                each
                for each in all_letters(log.reader, log.partitions)
                if code in (None, each.code)
            ]
        )
        sent = _put_back(log, list(once_each(chosen)))
    say(f"{sent} dead letters are on the log again")


def _at(log: OpenLog, places: tuple[str, ...]) -> list[DeadLetter]:
    from sla_engine.follow.dead import letter_at

    found = []
    for place in places:
        try:
            letter = letter_at(log.reader, log.partitions, place)
        except ValueError:
            raise click.BadParameter(f"{place}: write PARTITION:OFFSET, as in 3:17") from None
        if letter is None:
            raise click.BadParameter(f"there is no dead letter {place}; `dead list` shows them")
        found.append(letter)
    return found


def _put_back(log: OpenLog, letters: list[DeadLetter]) -> int:
    from sla_engine.engine.ports import OutRecord
    from sla_engine.errors import LogUnavailable

    failed: list[str] = []

    def acked(record: OutRecord, offset: int | None, error: str) -> None:
        if error:
            failed.append(error)

    producer = log.services.log.producer()
    try:
        for letter in letters:
            producer.produce(
                OutRecord("events", None, letter.record.key, letter.record.value), acked
            )
        left = producer.flush(30)
    finally:
        producer.close()
    if left or failed:
        raise LogUnavailable(
            f"{left + len(failed)} of {len(letters)} dead letters were not taken by the log"
            + (f": {failed[0]}" if failed else "")
        )
    return len(letters)


def _print(letter: DeadLetter, form: str) -> None:
    if form == "json":
        click.echo(orjson.dumps(letter.shown()))
        return
    text = (letter.record.value or b"")[:_SHOWN_BYTES].decode(errors="replace")
    message = letter.headers.get("dl-message", "")
    click.echo(f"{letter.place:<8} {letter.code:<16} {message}\n{'':<8} {' '.join(text.split())}")
