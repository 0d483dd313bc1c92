"""What the command and the demo show alike: words, clocks, lines without blanks."""

from datetime import datetime, timedelta
from typing import Any

from rich.console import Console

from worker.domain.claim import Claim, ClaimState
from worker.domain.deadlines import SlaState, is_answered, sla_state

NOTHING = "[dim]–[/]"
STATE_STYLES = {
    ClaimState.UNDER_REVIEW: "cyan",
    ClaimState.AWAITING_DOCUMENTS: "yellow",
    ClaimState.IDENTITY_HOLD: "yellow",
    ClaimState.INELIGIBLE_PROPOSED: "magenta",
    ClaimState.APPROVED: "green",
    ClaimState.APPROVED_PARTIAL: "green",
    ClaimState.COMPLETED_PAID: "bold green",
}
CLOCK_STYLES = {
    SlaState.DUE_SOON: "bold yellow",
    SlaState.MET: "dim",
    SlaState.BREACHED: "bold red",
}


class Printer(Console):
    """A console that leaves no blanks at the ends of lines where no terminal is."""

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401 - as rich's
        """Print as `rich.console.Console.print` does."""
        if self.is_terminal:
            super().print(*objects, **options)
            return
        with self.capture() as captured:
            super().print(*objects, **options)
        lines = captured.get().split("\n")
        self.file.write("\n".join(line.rstrip(" ") for line in lines))


def words(code: str) -> str:
    """Return a code as people read it: "total loss" for `total_loss`."""
    return code.replace("_", " ").replace(".", " ")


def short_ref(claim_id: int) -> str:
    """Return the claim's number where room is short: CLM-12; commands take it too."""
    return f"CLM-{claim_id}"


def state_words(state: ClaimState) -> str:
    """Return a state in its colour, as markup."""
    return f"[{STATE_STYLES.get(state, 'default')}]{words(state)}[/]"


def left(span: timedelta, *, is_short: bool = False) -> str:
    """Return a time that is left: `6d 23:59:08`, `01:49:59`, or `over`.

    A short one has no seconds beside its days.
    """
    seconds = int(span.total_seconds())
    if seconds < 0:
        return "over"
    days, rest = divmod(seconds, 86_400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}"
    if not is_short or not days:
        clock += f":{rest % 60:02}"
    return f"{days}d {clock}" if days else clock


def seven_days(claim: Claim, now: datetime, *, is_short: bool) -> str:
    """Return whether the seven days were kept, else what is left; "" without a clock.

    A short one says only `answered`, or `late`.
    """
    state = sla_state(claim, now=now)
    if claim.respond_by is None or state is SlaState.NONE:
        return ""
    style = CLOCK_STYLES.get(state, "default")
    if not is_answered(claim):
        return f"[{style}]{left(claim.respond_by - now, is_short=is_short)}[/]"
    if state is SlaState.MET:
        return f"[{style}]{'answered' if is_short else 'answered in time'}[/]"
    return f"[{style}]{'late' if is_short else 'answered late'}[/]"


def clock(claim: Claim, now: datetime, *, is_short: bool) -> str:
    """Return how the seven days of an open claim stand, else its days for documents."""
    if not claim.is_open:
        return NOTHING
    stands = seven_days(claim, now, is_short=is_short)
    if stands:
        return stands
    if claim.documents_due_at is not None:
        return f"[dim]docs {(claim.documents_due_at - now).days}d[/]"
    return NOTHING
