"""What a command starts with: its settings, and the record that they name."""

# ruff: noqa: PLC0415 - a page of help needs nothing of this

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.console import fail, warn
from worker.domain.errors import SettingsInvalid, UsageError

if TYPE_CHECKING:
    from worker.bootstrap import Parts
    from worker.domain.orders import Order
    from worker.settings import Settings

MOST_FAULTS = 20
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def help_alone(context: typer.Context) -> None:
    """Print the page of help where a group of commands is called by itself."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def read_settings(*needed: str, is_quiet: bool = False) -> "Settings":
    """Return the settings; what nobody knows is warned of, unless `is_quiet`.

    Raises:
        SettingsInvalid: a setting is wrong, one that is needed is not set, or a file
            that they name, of the policy or the retention, cannot be read.
    """
    from worker.adapters.policy_file import read_policy
    from worker.adapters.retention_file import read_retention
    from worker.settings import Settings

    if not is_quiet:
        for line in Settings.unknown():
            warn(line)
    settings = Settings.from_env()
    faults = []
    for look in (
        lambda: settings.need(*needed),
        lambda: read_policy(settings.policy),
        lambda: read_retention(settings.retention),
    ):
        try:
            look()
        except SettingsInvalid as error:
            faults += error.faults
    if faults:
        raise SettingsInvalid(faults)
    return settings


def open_record() -> "Parts":
    """Return the parts of a command that works on what is there.

    Raises:
        SettingsInvalid: as `read_settings` says.
        UsageError: nothing is there; no folder is made then.
    """
    from worker.bootstrap import Parts

    settings = read_settings()
    parts = Parts(settings, with_redis=False)
    folder = settings.data_dir
    if settings.database_url is None and not (folder / parts.DATABASE).exists():
        shown = folder if folder.is_absolute() else f"./{folder}"
        raise UsageError(
            f"no data in {shown}: go to the folder where serve runs, or set"
            " CLAIMS_DATA_DIR"
        )
    return parts


def read_orders(
    path: Path, default_tz: str, *, afterwards: str = ""
) -> "tuple[Order, ...]":
    """Return the orders of a file; its faults are printed, each with its line."""
    from worker.adapters.order_rows import CsvFaults
    from worker.adapters.orders_csv import read_orders as read

    try:
        return read(path, default_tz=default_tz).rows
    except CsvFaults as error:
        for line, message in error.faults[:MOST_FAULTS]:
            fail(f"{path}:{line}: {message}", code=None)
        more = len(error.faults) - MOST_FAULTS
        if more > 0:
            fail(f"and {more} more", code=None)
        if afterwards:
            fail(afterwards, code=None)
        raise typer.Exit(1) from None
