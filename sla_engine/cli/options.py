"""Options and kinds of arguments that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class Instant(click.ParamType):
    """An RFC 3339 time with an offset; the command gets milliseconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds of the text; fails naming what a time looks like."""
        if isinstance(value, int):
            return value
        from sla_engine.policy.instants import InstantError, parse_instant

        try:
            return parse_instant(value)
        except InstantError as error:
            self.fail(str(error), param, ctx)


INSTANT = Instant()

#: A directory of policy files.
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def format_option(command: F) -> F:
    """`--format text|json`, handed over as `form`."""
    option = click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="For people or for programs.",
    )
    return option(command)


def policies_option(command: F) -> F:
    """`--policies DIR`; without it the setting policies.dir."""
    option = click.option(
        "--policies",
        type=FOLDER,
        metavar="DIR",
        help="Policy files; without it the setting policies.dir.",
    )
    return option(command)


def config_option(command: F) -> F:
    """`--config FILE`."""
    option = click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Settings (sla-engine.toml).",
    )
    return option(command)
