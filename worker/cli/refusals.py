"""What the command line says where the outside world refuses."""

from worker.domain.errors import RetryLater

REASONS = {
    "database_not_migrated": "the database has no tables yet: run `claims migrate`",
    "database_unreachable": (
        "the database cannot be reached: check CLAIMS_DATABASE_URL, or who may write"
        " in CLAIMS_DATA_DIR"
    ),
    "database_damaged": (
        "the file of the database is damaged, or is no database: docs/backup.md says"
        " how a backup is put back"
    ),
    "database_locked": "the database is locked by another program: try again",
    "database_migrated": "the database was migrated at this moment: try again",
    "database_full": "the disk of the database is full: make room and try again",
    "order_gone": "the order directory no longer has this order: import it again",
}


def said(error: RetryLater) -> str:
    """Return what the outside refuses, and what to do."""
    what, _, code = error.reason.partition("_")
    if what == "mailbox":
        return (
            f"the mailbox cannot be read ({code}): check CLAIMS_MAILBOX_URL with"
            " `claims doctor`"
        )
    text = REASONS.get(error.reason, f"not possible now: {error.reason}")
    return text if error.alert is None else f"{text}; see `claims doctor`"
