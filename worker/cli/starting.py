"""What a command starts with: its settings, and the record that they name."""

# ruff: noqa: PLC0415 - a page of help needs nothing of this

from typing import TYPE_CHECKING

from worker.cli.console import warn
from worker.domain.errors import UsageError

if TYPE_CHECKING:
    from worker.bootstrap import Parts
    from worker.settings import Settings


def read_settings(*needed: str, is_quiet: bool = False) -> "Settings":
    """Return the settings; what nobody knows is warned of, unless `is_quiet`.

    Raises:
        SettingsInvalid: a setting is wrong, one that is needed is not set, or the
            policy that they name cannot be read.
    """
    from worker.adapters.policy_file import read_policy
    from worker.settings import Settings

    if not is_quiet:
        for line in Settings.unknown():
            warn(line)
    settings = Settings.from_env()
    settings.need(*needed)
    read_policy(settings.policy)
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
