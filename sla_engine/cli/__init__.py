"""The command line: one file per verb, imported when the verb is called."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module

import click

from sla_engine import __version__
from sla_engine.errors import ExitCode, PolicyError, SlaError


@dataclass(frozen=True)
class Verb:
    """Where a verb's command is, and what the list of verbs says of it."""

    name: str
    help: str

    def load(self) -> click.Command:
        """Import the verb's module: sla_engine.cli.NAME has the command NAME."""
        command: click.Command = getattr(import_module(f"sla_engine.cli.{self.name}"), self.name)
        return command


VERBS = {
    verb.name: verb
    for verb in (
        Verb("demo", "A courier's day on accelerated time, everything embedded."),
        Verb("run", "A worker: takes events, keeps clocks, sends alerts."),
        Verb("send", "Put events, and the time, on the log."),
        Verb("gateway", "Events and vendors' webhooks over HTTP, onto the log."),
        Verb("deliver", "Alerts from the log to people, systems and tickets."),
        Verb("api", "What the engine knows, and commands to it, over HTTP."),
        Verb("token", "Tokens of the API: make, list, revoke."),
        Verb("clocks", "Every change of a clock onto a topic."),
        Verb("hook", "Try a vendor's payload, and the mapping written for it."),
        Verb("replay", "Recorded events through the same core, without services."),
        Verb("policy", "Check policies, explain and test them; a schema for editors."),
        Verb("calendar", "Business time: deadlines, lengths, opening hours."),
        Verb("explain", "The clocks of an incident and what they are made of."),
        Verb("top", "The live queue by score."),
        Verb("incidents", "The open incidents."),
        Verb("alerts", "The alert stream."),
        Verb("dead", "Dead letters: list them, show them, send them again."),
        Verb("config", "The settings in force."),
        Verb("bench", "What the core does in a second on this machine."),
    )
}


class Verbs(click.Group):
    """Finds a verb's module only when it is asked for; the list of verbs imports none."""

    def list_commands(self, context: click.Context) -> list[str]:
        """All verbs, in the order of their first use."""
        return list(VERBS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The verb's command; None for an unknown one."""
        return VERBS[name].load() if name in VERBS else None

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, but an unknown verb is told the nearest known one."""
        if args and not args[0].startswith("-") and args[0] not in VERBS:
            nearest = get_close_matches(args[0], VERBS, n=1)
            hint = f" Did you mean `{nearest[0]}`?" if nearest else ""
            context.fail(f"No such verb `{args[0]}`.{hint}")
        return super().resolve_command(context, args)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs."""
        with formatter.section("Verbs"):
            formatter.write_dl([(verb.name, verb.help) for verb in VERBS.values()])


@click.command(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="VERB [ARGS]...",
    epilog="""\b
Examples:
  sla-engine demo
  sla-engine replay events.jsonl --policies policies
  sla-engine policy check policies
\b
Exit codes: 0 done, 1 a check found something, 2 the call is wrong, 3 a needed
service cannot be reached.
""",
)
@click.version_option(__version__, prog_name="sla-engine")
def cli() -> None:
    """Keeps the promises a company made to answer and to resolve in time."""


def main(arguments: list[str] | None = None) -> None:
    """The console script: runs a verb and turns errors into messages and exit codes."""
    try:
        code = cli.main(args=arguments, prog_name="sla-engine", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        sys.exit(int(ExitCode.WRONG_CALL))
    except click.exceptions.Abort:
        sys.exit(130)
    except PolicyError as error:
        click.echo(str(error), err=True)
        sys.exit(int(error.exit_code))
    except SlaError as error:
        click.echo(f"sla-engine: {error}", err=True)
        sys.exit(int(error.exit_code))
    except BrokenPipeError:
        # The reader went away (`| head`): nothing is wrong, and nothing more can be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        click.echo(f"sla-engine: {error}", err=True)
        sys.exit(int(ExitCode.WRONG_CALL))
    sys.exit(code if isinstance(code, int) else 0)
