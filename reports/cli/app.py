"""The command `paiban`: a table of commands, each loaded only when it is asked for."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import sys

import click

from forecast.errors import PlanError
from reports.cli.help_pages import SpokenContext
from reports.cli.outcomes import STOPPED, ExitCode, exit_code
from reports.cli.speech import speak, tell_problems, tell_usage
from reports.notes import in_words

COMMANDS = {
    "demo": "demo",
    "init": "init",
    "import": "import_",
    "history": "history",
    "check": "check",
    "measure": "measure",
    "calibrate": "calibrate",
    "rules": "rules",
    "forecast": "forecast",
    "backtest": "backtest",
    "require": "require",
    "shifts": "shifts",
    "roster": "roster",
    "simulate": "simulate",
    "plan": "plan",
    "promo": "promo",
    "compare": "compare",
    "hire": "hire",
    "replan": "replan",
    "intraday": "intraday",
    "explain": "explain",
    "serve": "serve",
}
COLLECT_EVERY = 50_000  # new objects; imports make hundreds of thousands, of which next to none are waste
LIBRARIES = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}


class CommandTable(click.Group):
    """A group whose commands live in one module each and are imported when needed."""

    context_class = SpokenContext

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """Return the commands in the order of a manager's work."""
        return [name for name in COMMANDS if self._exists(name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command of that name, or None."""
        if cmd_name not in COMMANDS or not self._exists(cmd_name):
            return None
        module = importlib.import_module(f"reports.cli.commands.{COMMANDS[cmd_name]}")
        command: click.Command = module.command
        command.context_class = SpokenContext
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command; an unknown name is answered with the nearest known one."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from forecast.errors import nearest

            raise click.UsageError(
                f"no command is called {name!r}{nearest(name, self.list_commands(ctx))}", ctx
            )
        return super().resolve_command(ctx, args)

    @staticmethod
    def _exists(name: str) -> bool:
        return importlib.util.find_spec(f"reports.cli.commands.{COMMANDS[name]}") is not None


@click.group(
    cls=CommandTable,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
)
@click.version_option(package_name="paiban", prog_name="paiban")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown.")
@click.pass_context
def app(context: click.Context, lang: str | None) -> None:
    """Plan the staff of e-commerce chat customer service: forecast, shifts, rosters, what-ifs.

    \b
    Start here:
      paiban demo                              a synthetic shop, planned end to end
      paiban plan SHOP --start 2026-12-07 --days 14
    """
    if context.invoked_subcommand is None:
        raise click.exceptions.NoArgsIsHelpError(context)
    context.default_map = {name: {"lang": lang} for name in COMMANDS}


def main() -> None:
    """Run the command line; every ending has its exit code.

    Linear algebra gets one thread unless the user has set another number: the systems of a forecast are so
    small that a second thread waits more than it works, four times the CPU for no less time. Arrow takes its
    memory where everybody does; a store of its own holds 25 MB more than a forecast needs. Python looks less
    often for objects that hold each other: a twentieth of a forecast's CPU went there.
    """
    for name, value in LIBRARIES.items():  # before numpy is loaded, which is by the command
        os.environ.setdefault(name, value)
    gc.set_threshold(COLLECT_EVERY, *gc.get_threshold()[1:])
    debug = "--debug" in sys.argv
    say = speak(sys.argv[1:], debug=debug)
    try:
        code = app.main(prog_name="paiban", standalone_mode=False, obj=say)
        sys.exit(code if isinstance(code, int) else ExitCode.FINE)
    except PlanError as error:
        if debug:
            raise
        tell_problems(error, say)
        sys.exit(exit_code(error))
    except click.ClickException as error:
        tell_usage(error, say)
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo(f"paiban: {say('usage.stopped')}", err=True)
        sys.exit(STOPPED)
    except Exception as error:
        if debug:
            raise
        text = say("usage.bug", kind=type(error).__name__, text=in_words(str(error), say))
        click.echo(f"paiban: {text}", err=True)
        sys.exit(ExitCode.BUG)
