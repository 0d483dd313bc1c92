"""Arrow 1: a mailbox becomes rows with raw mails, and a raw mail becomes a claim."""

from worker.ingest.sweeps import (
    BatchRawStore,
    Suspect,
    Suspects,
    SweepLimits,
    SweepResult,
    sweep,
)
from worker.ingest.understanding import Arrival, House, Understanding, understand

__all__ = [
    "Arrival",
    "BatchRawStore",
    "House",
    "Suspect",
    "Suspects",
    "SweepLimits",
    "SweepResult",
    "Understanding",
    "sweep",
    "understand",
]
