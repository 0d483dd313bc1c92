"""The `claims` command: parses arguments, calls the program, prints one clear line.

Exit codes: 0 ok, 1 the answer is "no", 2 wrong use. A traceback is never the answer
to a user's mistake.
"""

import sys

import typer
from typer.exceptions import TyperException

from worker.cli.console import fail
from worker.cli.running import app as running
from worker.domain.errors import RetryLater, SettingsInvalid, UsageError

HELP = """
Turns a claims mailbox into decided claims.

Settings are environment variables beginning with CLAIMS_, also from a .env file.
Start with `claims demo`; for a real mailbox, with `claims doctor` and `claims serve`.
"""
REASONS = {
    "database_not_migrated": "the database has no tables yet: run `claims migrate`",
    "database_unreachable": "the database cannot be reached: check CLAIMS_DATABASE_URL",
    "database_locked": "the database is locked by another program: try again",
    "database_full": "the disk of the database is full: make room and try again",
    "order_gone": "the order directory no longer has this order: import it again",
}

GROUPS = frozenset({"orders", "policy"})
SERVING = frozenset({"serve", "poll", "work", "schedule", "idle"})
"""What runs for long and must be up soon; it needs no other command."""


def make_app(asked: str | None = None) -> typer.Typer:
    """Return the command line; with only a part of it if that has what is asked for.

    All of it takes a second to load; the parts that are run alone should be up soon.
    """
    app = typer.Typer(
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )
    parts = [running]
    if asked not in SERVING:
        from worker.cli.deciding import app as deciding  # noqa: PLC0415
        from worker.cli.looking import app as looking  # noqa: PLC0415
        from worker.cli.quoting import app as quoting  # noqa: PLC0415

        parts += [looking, deciding, quoting]
    for part in parts:
        app.registered_commands += part.registered_commands
        app.registered_groups += part.registered_groups
    return app


def main() -> None:
    """Run the command line."""
    app = make_app(sys.argv[1] if len(sys.argv) > 1 else None)
    try:
        code = app(standalone_mode=False)
    except TyperException as error:
        fail(f"{error.format_message()} See `{_asked(app)} --help`.", code=2)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except SettingsInvalid as error:
        for fault in error.faults:
            fail(fault, code=None)
        sys.exit(2)
    except UsageError as error:
        fail(str(error), code=1)
    except RetryLater as error:
        fail(REASONS.get(error.reason, f"not possible now: {error.reason}"), code=1)
    except BrokenPipeError:
        sys.exit(0)
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _asked(app: typer.Typer) -> str:
    """Return the command that was asked for, without its arguments."""
    words = [word for word in sys.argv[1:3] if word.isalpha()]
    known = {command.name or "" for command in app.registered_commands}
    return " ".join(["claims", *(w for w in words[:1] if w in known or w in GROUPS)])
