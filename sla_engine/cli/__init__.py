"""The command line: one file per verb, imported when the verb is called."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from sla_engine import __version__
from sla_engine.errors import SlaError

#: verb -> (module, attribute)
VERBS = {
    "alerts": ("sla_engine.cli.alerts", "alerts"),
    "calendar": ("sla_engine.cli.calendar", "calendar"),
    "config": ("sla_engine.cli.config", "config"),
    "dead": ("sla_engine.cli.dead", "dead"),
    "demo": ("sla_engine.cli.demo", "demo"),
    "explain": ("sla_engine.cli.explain", "explain"),
    "incidents": ("sla_engine.cli.incidents", "incidents"),
    "policy": ("sla_engine.cli.policy", "policy"),
    "replay": ("sla_engine.cli.replay", "replay"),
    "run": ("sla_engine.cli.run", "run"),
    "send": ("sla_engine.cli.send", "send"),
    "top": ("sla_engine.cli.top", "top"),
}


class Verbs(click.Group):
    """Finds a verb's module only when it is asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        """All verbs, in order."""
        return sorted(VERBS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The verb's command; None for an unknown one."""
        found = VERBS.get(name)
        if found is None:
            return None
        command: click.Command = getattr(import_module(found[0]), found[1])
        return command


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sla-engine")
def cli() -> None:
    """Keeps the promises a company made to answer and to resolve in time."""


def main(arguments: list[str] | None = None) -> None:
    """The console script: runs a verb and turns errors into messages and exit codes."""
    try:
        code = cli.main(args=arguments, prog_name="sla-engine", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Abort:
        sys.exit(130)
    except SlaError as error:
        click.echo(f"sla-engine: {error}", err=True)
        sys.exit(int(error.exit_code))
    sys.exit(code if isinstance(code, int) else 0)
