"""The demo on a terminal: mails, claims with their clocks, replies and queues.

Every table fits the room it is given; colours carry nothing that words do not.
"""

from collections.abc import Sequence
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from worker.adapters.store.outbox import Email
from worker.demo.watching import Scene, SeenClaim, SeenMail
from worker.domain.claim import Claim, ClaimState
from worker.domain.deadlines import SlaState, sla_state
from worker.domain.mail import Fate

WIDE = 110
"""From so many columns on, replies stand beside the mails."""
FEWEST_ROWS = 3
FRAME_LINES = 3
"""A panel's frame and its table's heading."""
TICKS = {"+": "[green]✓[/]", "~": "[yellow]~[/]", "x": "[red]✗[/]", "-": "[dim]–[/]"}
FATE_STYLES = {
    Fate.CLAIM: "green",
    Fate.FOLLOW_UP: "cyan",
    Fate.IDENTITY_HOLD: "yellow",
    Fate.CANNOT_MATCH: "yellow",
    Fate.PARKED: "bold red",
}
STATE_STYLES = {
    ClaimState.UNDER_REVIEW: "cyan",
    ClaimState.AWAITING_DOCUMENTS: "yellow",
    ClaimState.IDENTITY_HOLD: "yellow",
    ClaimState.INELIGIBLE_PROPOSED: "magenta",
    ClaimState.APPROVED: "green",
    ClaimState.APPROVED_PARTIAL: "green",
    ClaimState.COMPLETED_PAID: "bold green",
}
CLOCK_STYLES = {SlaState.DUE_SOON: "bold yellow", SlaState.BREACHED: "bold red"}


def screen(
    scene: Scene, *, width: int, height: int, head: str, hints: Sequence[str]
) -> RenderableType:
    """Return the whole view, not higher than `height` lines.

    Args:
        scene: what there is.
        width: columns of the terminal.
        height: lines that may be used.
        head: what the demo is doing just now, as markup.
        hints: how to look closer, as markup; the last is shown where room is short.
    """
    is_wide = width >= WIDE
    hints = hints if height >= len(hints) + 30 else hints[-1:]
    room = height - 2 - len(hints) - 2 * FRAME_LINES
    claim_rows = max(FEWEST_ROWS, min(len(scene.claims), room * 3 // 5))
    mail_rows = max(FEWEST_ROWS, room - claim_rows)
    mails: RenderableType = _panel("Mails", mails_table(scene.mails[-mail_rows:]))
    if is_wide:
        replies = _panel("Replies", replies_table(scene.emails[-mail_rows:]))
        grid = Table.grid(expand=True)
        grid.add_column(ratio=15)
        grid.add_column(ratio=10)
        grid.add_row(mails, replies)
        mails = grid
    claims = claims_table(scene, rows=claim_rows, is_wide=is_wide)
    return Group(
        _line(head),
        mails,
        _panel("Claims", claims),
        _line(totals(scene)),
        *map(_line, hints),
    )


def mails_table(mails: Sequence[SeenMail]) -> Table:
    """Return mails with their fates."""
    table = _table()
    table.add_column("From", ratio=5)
    table.add_column("What", ratio=6)
    table.add_column("Fate", width=13)
    table.add_column("Claim", width=6)
    for mail in mails:
        table.add_row(escape(mail.sender), escape(mail.title), _fate(mail), _ref(mail))
    return table


def replies_table(emails: Sequence[Email]) -> Table:
    """Return what was sent."""
    table = _table()
    table.add_column("Kind", ratio=9)
    table.add_column("To", ratio=11)
    table.add_column("", width=6)
    for email in emails:
        is_sent = email.status == "sent"
        style = "green" if is_sent else "yellow"
        table.add_row(
            _words(email.kind), escape(email.recipient), f"[{style}]{email.status}[/]"
        )
    return table


def claims_table(scene: Scene, *, rows: int, is_wide: bool) -> Table:
    """Return claims, the most urgent first, in at most so many rows."""
    table = _table()
    table.add_column("Claim", width=6)
    table.add_column("Member", ratio=5)
    table.add_column("Type", width=12)
    table.add_column("State", width=19)
    table.add_column("D1-D4", width=7 if is_wide else 5)
    if is_wide:
        table.add_column("Respond by (UTC)", width=16)
    table.add_column("Left", width=11, justify="right")
    table.add_column("USD", width=8, justify="right")
    is_cut = len(scene.claims) > rows
    shown = scene.claims[: rows - 1] if is_cut else scene.claims
    for seen in shown:
        table.add_row(*_claim_cells(scene, seen, is_wide=is_wide))
    if is_cut:
        table.add_row("", f"[dim]and {len(scene.claims) - len(shown)} more[/]")
    return table


def ticks(signs: str, *, between: str = "") -> str:
    """Return the signs of documents as ticks, in markup."""
    return between.join(TICKS[sign] for sign in signs)


def state_words(state: ClaimState) -> str:
    """Return a state in its colour."""
    return f"[{STATE_STYLES.get(state, 'default')}]{_words(state)}[/]"


def left(span: timedelta) -> str:
    """Return a time that is left: `6d 23:59:08`, `01:49:59`, or `over`."""
    seconds = int(span.total_seconds())
    if seconds < 0:
        return "over"
    days, rest = divmod(seconds, 86_400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days}d {clock}" if days else clock


def totals(scene: Scene) -> str:
    """Return the counts of everything in one line."""
    counts = scene.counts
    emails = counts.emails_by_status
    parts = [
        f"[bold]{counts.mails}[/] mails",
        f"[bold]{counts.claims}[/] claims",
        f"[bold]{emails.get('sent', 0)}[/] replies sent",
        f"[bold]{emails.get('draft', 0)}[/] drafts for staff",
        f"[bold]{scene.busy}[/] jobs open",
        f"[bold]{counts.alerts_open}[/] alerts",
    ]
    for name, count in (("held", emails.get("held", 0)), ("parked", counts.parked)):
        parts += [f"[bold red]{count} {name}[/]"] if count else []
    return " " + " · ".join(parts)


def _claim_cells(scene: Scene, seen: SeenClaim, *, is_wide: bool) -> list[str]:
    claim = seen.claim
    by = claim.respond_by
    return [
        f"CLM-{claim.claim_id}",
        escape(seen.member),
        _words(claim.claim_type),
        state_words(claim.state),
        ticks(seen.documents, between=" " if is_wide else ""),
        *([f"{by:%Y-%m-%d %H:%M}" if by else "[dim]–[/]"] if is_wide else []),
        _clock(scene, claim),
        seen.money,
    ]


def _clock(scene: Scene, claim: Claim) -> str:
    if claim.respond_by is None or not claim.is_open:
        return "[dim]–[/]"
    style = CLOCK_STYLES.get(sla_state(claim, now=scene.now), "default")
    return f"[{style}]{left(claim.respond_by - scene.now)}[/]"


def _fate(mail: SeenMail) -> str:
    if mail.fate is None:
        return "[dim]…[/]"
    fate = Fate(mail.fate)
    return f"[{FATE_STYLES.get(fate, 'dim')}]{_words(fate)}[/]"


def _ref(mail: SeenMail) -> str:
    return "" if mail.claim_id is None else f"CLM-{mail.claim_id}"


def _words(code: str) -> str:
    return code.replace("_", " ")


def _table() -> Table:
    return Table(
        box=None, expand=True, pad_edge=False, header_style="dim", show_edge=False
    )


def _panel(title: str, table: Table) -> Panel:
    for column in table.columns:
        column.no_wrap = True
        column.overflow = "ellipsis"
    return Panel(
        table, title=f"[bold]{title}[/]", title_align="left", border_style="blue"
    )


def _line(markup: str) -> Text:
    line = Text.from_markup(markup, overflow="ellipsis")
    line.no_wrap = True
    return line
