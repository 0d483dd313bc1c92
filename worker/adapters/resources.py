"""Where the files that travel with the package lie: in a wheel, or in a checkout."""

from pathlib import Path

import worker

_PACKAGE = Path(worker.__file__).parent


def folder(name: str) -> Path:
    """Return the folder `templates` or `migrations`, wherever it was installed.

    A wheel carries them under `worker/_data`; a checkout has them beside `worker`.
    """
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
