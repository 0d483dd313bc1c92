"""The `claims` command: parses arguments, calls the program, prints one clear line.

Exit codes: 0 ok, 1 the answer is "no", 2 wrong use. A traceback is never the answer
to a user's mistake. Every command loads what it needs when it is called, so that a
page of help is there at once.
"""

import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from worker import __version__
from worker.cli.auditing import app as auditing
from worker.cli.console import fail, out
from worker.cli.dead import app as dead
from worker.cli.deciding import app as deciding
from worker.cli.ends import app as ends
from worker.cli.keeping import app as keeping
from worker.cli.looking import app as looking
from worker.cli.points import app as points
from worker.cli.quoting import app as quoting
from worker.cli.rebuilding import app as rebuilding
from worker.cli.refusals import said
from worker.cli.replaying import app as replaying
from worker.cli.running import app as running
from worker.cli.staff import app as staff
from worker.cli.steps import app as steps
from worker.cli.templates import app as templates
from worker.cli.tokens import app as tokens
from worker.cli.unplaced import app as unplaced
from worker.domain.errors import RetryLater, SettingsInvalid, UsageError, WrongUse

HELP = """
Turns a claims mailbox into decided claims.

Settings are environment variables beginning with CLAIMS_, also from a .env file.
Start with `claims demo`; for a real mailbox, with `claims doctor` and `claims serve`.
"""


def make_app() -> typer.Typer:
    """Return the command line."""
    app = typer.Typer(
        help=HELP,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )

    @app.callback(invoke_without_command=True)
    def start(
        context: typer.Context,
        *,
        version: Annotated[
            bool, typer.Option("--version", help="Show the version and exit.")
        ] = False,
    ) -> None:
        if version:
            out.print(f"claims-worker {__version__}")
        elif context.invoked_subcommand is None:
            typer.echo(context.get_help())

    of_claims = (running, looking, deciding, steps, ends, unplaced, dead, quoting)
    of_record = (
        auditing,
        rebuilding,
        replaying,
        keeping,
        points,
        templates,
        staff,
        tokens,
    )
    for part in (*of_claims, *of_record):
        app.registered_commands += part.registered_commands
        app.registered_groups += part.registered_groups
    return app


def _refuse_too_large(error: OverflowError) -> None:
    """Refuse a number of more than 64 bits; any other overflow is a mistake of ours."""
    if "SQLite" not in str(error):
        raise error
    fail("a number is larger than any in the record", code=2)


def main() -> None:
    """Run the command line."""
    try:
        code = make_app()(standalone_mode=False, prog_name="claims")
    except TyperException as error:
        context = getattr(error, "ctx", None)
        command = "claims" if context is None else context.command_path
        text = " ".join(error.format_message().split()).replace("Value error, ", "")
        mark = "?" if text.endswith("?") else "."
        fail(f"{text.rstrip('.?')}{mark} See `{command} --help`.", code=error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except SettingsInvalid as error:
        for fault in error.faults:
            fail(fault, code=None)
        sys.exit(2)
    except UsageError as error:
        fail(str(error), code=2 if isinstance(error, WrongUse) else 1)
    except RetryLater as error:
        fail(said(error), code=1)
    except OverflowError as error:
        _refuse_too_large(error)
    except BrokenPipeError:
        sys.exit(0)
    else:
        sys.exit(code if isinstance(code, int) else 0)
