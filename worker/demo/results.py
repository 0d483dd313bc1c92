"""What became of the samples: the table of `claims demo --once`, and its check."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from worker.demo.stage import Sample
from worker.demo.view import ticks
from worker.demo.watching import Scene, SeenMail
from worker.domain.counting import counted
from worker.terminal import short_ref, state_words, words

LEGEND = (
    "D1 proof of purchase, D2 order mail, D3 photos of the packaging, D4 of the"
    " contents: ✓ there, ~ there but a person looks, ✗ asked for, – not needed."
)

NARROW_TITLE = 21
"""So that a row of 80 columns has room for every column."""


def results_table(scene: Scene, samples: Sequence[Sample], *, is_wide: bool) -> Table:
    """Return one row for each sample: what it is and what became of it.

    The first column has a `!` where that is not as expected. Senders are shown where
    the table may be wide.
    """
    style = box.SIMPLE_HEAD if is_wide else None
    table = Table(box=style, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("")
    if is_wide:
        table.add_column("From", no_wrap=True)
    table.add_column("What", no_wrap=True, max_width=None if is_wide else NARROW_TITLE)
    for name in ("Fate", "Claim", "State", "D1-4"):
        table.add_column(name, no_wrap=True)
    table.add_column("E-mails sent" if is_wide else "E-mails")
    for sample, mail in _pairs(scene, samples):
        has_fault = any(_faults(scene, sample, mail))
        mark = "[bold red]![/]" if has_fault else "[green]✓[/]"
        sender = (escape(sample.sender),) if is_wide else ()
        table.add_row(mark, *sender, sample.title, *_row(scene, mail))
    return table


def find_faults(scene: Scene, samples: Sequence[Sample], *, replies: int) -> list[str]:
    """Return one sentence for each way in which the outcome is not the expected one.

    Args:
        scene: when everything is done.
        samples: which mails were sent, and what should have become of them.
        replies: how many mails the relay has.
    """
    found = [
        f"{sample.title}: {fault}"
        for sample, mail in _pairs(scene, samples)
        for fault in _faults(scene, sample, mail)
    ]
    if scene.counts.mails != len(samples):
        mails = counted(scene.counts.mails, "mail")
        found.append(f"{mails} for {counted(len(samples), 'sample')}")
    sent = scene.counts.emails_by_status.get("sent", 0)
    if sent != replies:
        found.append(f"{counted(sent, 'e-mail')} sent, but {replies} at the relay")
    return found


def _pairs(
    scene: Scene, samples: Sequence[Sample]
) -> Iterator[tuple[Sample, SeenMail | None]]:
    for sample in samples:
        yield sample, next((m for m in scene.mails if m.sample is sample), None)


def _faults(scene: Scene, sample: Sample, mail: SeenMail | None) -> Iterator[str]:
    if mail is None:
        yield "did not arrive"
        return
    expected = sample.expected
    seen = scene.claim(mail.claim_id) if expected.state is not None else None
    pairs = {
        "fate": (expected.fate.value, mail.fate),
        "state": (expected.state, seen and seen.claim.state),
        "documents": (expected.documents, seen.documents if seen else ""),
        "e-mails": (sorted(expected.emails), sorted(_sent(scene, mail))),
    }
    for name, (want, got) in pairs.items():
        if want != got:
            yield f"{name}: {_said(got)}, not {_said(want)}"


def _said(value: object) -> str:
    """Return a fate, a state, signs or a list of kinds in words."""
    codes = ", ".join(value) if isinstance(value, list) else value
    return words(str(codes or "none"))


def _sent(scene: Scene, mail: SeenMail) -> list[str]:
    """Return the kinds that were sent because of a mail.

    What a clock made due belongs to the mail that opened the claim.
    """
    kinds = [email.kind for email in mail.emails if email.status == "sent"]
    first = min(
        (one.mail_id for one in scene.mails if one.claim_id == mail.claim_id), default=0
    )
    if mail.claim_id is not None and mail.mail_id == first:
        kinds += [
            email.kind
            for email in scene.emails
            if email.claim_id == mail.claim_id
            and email.mail_id is None
            and email.status == "sent"
        ]
    return kinds


def _row(scene: Scene, mail: SeenMail | None) -> tuple[str, ...]:
    if mail is None:
        return ("[red]not there[/]", "", "", "", "")
    seen = scene.claim(mail.claim_id)
    return (
        words(mail.fate or "…"),
        "" if mail.claim_id is None else short_ref(mail.claim_id),
        "" if seen is None else state_words(seen.claim.state),
        "" if seen is None else ticks(seen.documents),
        ", ".join(words(kind) for kind in _sent(scene, mail)) or "–",
    )
