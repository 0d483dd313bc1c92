"""`claims doctor`."""

from worker.settings import Settings


def examine(settings: Settings) -> bool:
    """Check every part."""
    raise NotImplementedError(settings)
