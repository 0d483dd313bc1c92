"""The demo on a terminal: mails, claims with their clocks, replies and queues.

Every table fits the room it is given; colours carry nothing that words do not.
"""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from worker.adapters.store.outbox import Email
from worker.demo.watching import Scene, SeenClaim, SeenMail
from worker.domain.mail import Fate
from worker.terminal import NOTHING, clock, short_ref, state_words, words

WIDE = 110
"""From so many columns on, replies stand beside the mails."""
FEWEST_ROWS = 3
FRAME_LINES = 3
"""A panel's frame and its table's heading."""
TICKS = {"+": "[green]✓[/]", "~": "[yellow]~[/]", "x": "[red]✗[/]", "-": NOTHING}
FATE_STYLES = {
    Fate.CLAIM: "green",
    Fate.FOLLOW_UP: "cyan",
    Fate.IDENTITY_HOLD: "yellow",
    Fate.CANNOT_MATCH: "yellow",
    Fate.PARKED: "bold red",
}


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
    mails = mails_table(scene.mails[-mail_rows:], is_wide=is_wide)
    top: RenderableType = _panel("Mails", mails, rows=mail_rows)
    if is_wide:
        replies = replies_table(scene.emails[-mail_rows:])
        grid = Table.grid(expand=True)
        grid.add_column(ratio=15)
        grid.add_column(ratio=10)
        grid.add_row(top, _panel("Replies", replies, rows=mail_rows))
        top = grid
    claims = claims_table(scene, rows=claim_rows, is_wide=is_wide)
    return Group(
        _line(head),
        top,
        _panel("Claims", claims, rows=claim_rows),
        _line(totals(scene)),
        *map(_line, hints),
    )


def mails_table(mails: Sequence[SeenMail], *, is_wide: bool) -> Table:
    """Return mails with their fates, and with the replies where these have no table."""
    table = _table(is_wide=is_wide)
    table.add_column("From", ratio=10)
    table.add_column("What", ratio=11)
    table.add_column("Fate", width=13)
    table.add_column("Claim", width=6)
    if not is_wide:
        table.add_column("Reply", ratio=8)
    for mail in mails:
        replies = ", ".join(words(email.kind) for email in mail.emails)
        table.add_row(
            escape(mail.sender),
            escape(mail.title),
            _fate(mail),
            "" if mail.claim_id is None else short_ref(mail.claim_id),
            *(() if is_wide else (replies,)),
        )
    return table


def replies_table(emails: Sequence[Email]) -> Table:
    """Return what was sent, or is about to be."""
    table = _table(is_wide=True)
    table.add_column("Kind", width=18)
    table.add_column("To", ratio=1)
    table.add_column("", width=6)
    for email in emails:
        style = "green" if email.status == "sent" else "yellow"
        status = f"[{style}]{email.status}[/]"
        table.add_row(words(email.kind), escape(email.recipient), status)
    return table


def claims_table(scene: Scene, *, rows: int, is_wide: bool) -> Table:
    """Return claims in at most so many rows: the most urgent first, the closed last.

    Where there are more, the newest is among those shown.
    """
    table = _table(is_wide=is_wide)
    table.add_column("Claim", width=6)
    table.add_column("Member", ratio=1)
    table.add_column("Type", width=12)
    table.add_column("State", width=19)
    table.add_column("D1-D4" if is_wide else "D1-4", width=7 if is_wide else 4)
    if is_wide:
        table.add_column("Respond by (UTC)", width=16)
    table.add_column("Left", width=11 if is_wide else 8, justify="right")
    table.add_column("USD", width=8, justify="right")
    claims = sorted(scene.claims, key=lambda seen: not seen.claim.is_open)
    is_cut = len(claims) > rows
    shown = claims[: rows - 2] if is_cut else claims
    for seen in shown:
        table.add_row(*_claim_cells(scene, seen, is_wide=is_wide))
    if is_cut:
        newest = max(claims, key=lambda seen: seen.claim.claim_id)
        rest = [seen for seen in claims[rows - 2 :] if seen is not newest]
        table.add_row("", f"[dim]{len(rest)} more[/]")
        if newest not in shown:
            table.add_row(*_claim_cells(scene, newest, is_wide=is_wide))
    return table


def ticks(signs: str, *, between: str = "") -> str:
    """Return the signs of documents as ticks, in markup."""
    return between.join(TICKS[sign] for sign in signs)


def totals(scene: Scene) -> str:
    """Return the counts of everything in one line."""
    counts = scene.counts
    emails = counts.emails_by_status
    numbers = {
        "mails": counts.mails,
        "claims": counts.claims,
        "replies sent": emails.get("sent", 0),
        "drafts": emails.get("draft", 0),
        "jobs open": scene.busy,
        "alerts": counts.alerts_open,
    }
    parts = [f"[bold]{count}[/] {name}" for name, count in numbers.items()]
    for queue, states in sorted(counts.jobs_by_state.items()):
        waiting = sum(states.values()) - states.get("quarantined", 0)
        parts += [f"[dim]{queue} {waiting}[/]"] if waiting else []
    for name, count in (("held", emails.get("held", 0)), ("parked", counts.parked)):
        parts += [f"[bold red]{count} {name}[/]"] if count else []
    return " " + " · ".join(parts)


def _claim_cells(scene: Scene, seen: SeenClaim, *, is_wide: bool) -> list[str]:
    claim = seen.claim
    by = claim.respond_by if claim.is_open else None
    cells = [
        short_ref(claim.claim_id),
        escape(seen.member),
        words(claim.claim_type),
        state_words(claim.state),
        ticks(seen.documents, between=" " if is_wide else ""),
    ]
    if is_wide:
        cells.append(NOTHING if by is None else f"{by:%Y-%m-%d %H:%M}")
    return [*cells, clock(claim, scene.now, is_short=not is_wide), seen.money]


def _fate(mail: SeenMail) -> str:
    if mail.fate is None:
        return "[dim]…[/]"
    fate = Fate(mail.fate)
    return f"[{FATE_STYLES.get(fate, 'dim')}]{words(fate)}[/]"


def _table(*, is_wide: bool) -> Table:
    padding = (0, 2, 0, 0) if is_wide else (0, 1, 0, 0)
    return Table(
        box=None, expand=True, pad_edge=False, padding=padding, header_style="dim"
    )


def _panel(title: str, table: Table, *, rows: int) -> Panel:
    for column in table.columns:
        column.no_wrap = True
        column.overflow = "ellipsis"
    return Panel(
        table,
        title=f"[bold]{title}[/]",
        title_align="left",
        border_style="blue",
        height=rows + FRAME_LINES,
    )


def _line(markup: str) -> Text:
    line = Text.from_markup(markup, overflow="ellipsis")
    line.no_wrap = True
    return line
