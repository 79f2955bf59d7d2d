"""`python -m sla_engine.scenario NAME`: the events of a scenario, one JSON object per line."""

from __future__ import annotations

import sys

import click

from sla_engine.errors import SlaError
from sla_engine.policy.instants import InstantError, parse_instant
from sla_engine.scenario import NAMES, business_of
from sla_engine.scenario.drawn import Window, drawn
from sla_engine.scenario.told import lines


def _instant(context: click.Context, option: click.Parameter, text: str | None) -> int | None:
    try:
        return None if text is None else parse_instant(text)
    except InstantError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.argument("name", type=click.Choice(tuple(NAMES)))
@click.option("--seed", type=int, default=7, show_default=True, help="Another seed, other events.")
@click.option("--from", "start", metavar="TIME", callback=_instant, help="Start of the window.")
@click.option("--until", "end", metavar="TIME", callback=_instant, help="End of the window.")
@click.option("--count", type=click.IntRange(1, 1_000_000), help="How many matters come in it.")
@click.option("--disorder", is_flag=True, help="Some events come late, and some twice.")
def main(
    name: str, seed: int, start: int | None, end: int | None, count: int | None, disorder: bool
) -> None:
    """Write the events of the scenario NAME to stdout.

    The same arguments give the same bytes.
    """
    business = business_of(name)
    usual = Window.of(business)
    first = usual.start_ms if start is None else start
    window = Window(first, first + usual.length_ms if end is None else end)
    if window.length_ms <= 0:
        raise click.UsageError("--until lies before --from")
    told = drawn(business, seed, window=window, count=count, disorder=disorder)
    sys.stdout.buffer.writelines(lines(told))


if __name__ == "__main__":
    try:
        main()
    except SlaError as error:
        sys.exit(f"sla_engine.scenario: {error}")
