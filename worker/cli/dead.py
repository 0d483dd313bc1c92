"""`claims dead`: jobs that nothing tries again by itself.

Each loads what it needs when it is called, so that help comes at once.
"""

# ruff: noqa: PLC0415

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from worker.cli.console import out, warn
from worker.cli.starting import AsJson, help_alone, open_record
from worker.domain.claim import reference
from worker.domain.counting import counted
from worker.domain.dead_words import explain
from worker.domain.errors import UsageError, WrongUse

if TYPE_CHECKING:
    from worker.adapters.store.desk.dead_letters import DeadLetter
    from worker.operating import Result

app = typer.Typer()
dead = typer.Typer(
    help="Dead letters: list, show, edit, requeue, discard.",
    invoke_without_command=True,
    callback=help_alone,
)
app.add_typer(dead, name="dead")

Jobs = Annotated[
    list[int] | None, typer.Argument(help="Numbers from `claims dead list`.")
]
Kind = Annotated[str, typer.Option(help="Only this kind of job, as `send`.")]
ForReason = Annotated[str, typer.Option("--died-of", help="Only this reason.")]
Every = Annotated[bool, typer.Option("--all", help="All that match.")]
By = Annotated[str, typer.Option(help="Who does it; stands in the log of actions.")]


@dead.command("list", epilog="Example: `claims dead list --kind send`")
def list_dead(
    *,
    kind: Kind = "",
    died_of: ForReason = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List dead letters, the newest first."""
    parts = open_record()
    letters = parts.desk.dead_letters.listed(kind=kind, reason=died_of, limit=limit)
    if as_json:
        sys.stdout.write(json.dumps([_facts(one) for one in letters]) + "\n")
        return
    if not letters:
        out.print("No dead letters.")
        return
    table = Table("job", "kind", "reason", "died", "tries", "about")
    for one in letters:
        died = f"{one.died_at:%Y-%m-%d %H:%M} UTC"
        cells = (one.kind, one.reason, died, str(one.attempts), _about(one))
        table.add_row(str(one.job_id), *map(escape, cells))
    out.print(table)


@dead.command("show", epilog="Example: `claims dead show 12 --raw > mail.eml`")
def show_dead(
    job: Annotated[int, typer.Argument(help="Number from `claims dead list`.")],
    *,
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the mail that it is about.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter, or write its mail as it came."""
    from worker import operating

    parts = open_record()
    letter = operating.find_dead(parts, job)
    if raw:
        found = operating.raw_of(parts, letter)
        if found is None:
            raise UsageError(f"dead letter {job} is about no mail that is kept")
        sys.stdout.buffer.write(found)
    elif as_json:
        sys.stdout.write(json.dumps(_facts(letter)) + "\n")
    else:
        table = Table.grid(padding=(0, 2))
        for name, value in _facts(letter).items():
            table.add_row(name.replace("_", " "), escape(str(value or "–")))
        out.print(table)


@dead.command(
    epilog="Example: `claims dead show 12 --raw > mail.eml`, mend it, then"
    " `claims dead edit 12 mail.eml --reason 'broken boundary' --by jane`"
)
def edit(
    job: Annotated[int, typer.Argument(help="Number from `claims dead list`.")],
    mail: Annotated[Path, typer.Argument(help="The mail as it should be read.")],
    by: By,
    reason: Annotated[str, typer.Option(help="Why; stands in the log of actions.")],
) -> None:
    """Let a corrected mail be read in place of a parked one, which stays as it came."""
    from worker import correcting

    try:
        raw = mail.read_bytes()
    except OSError as error:
        raise WrongUse(f"{mail} cannot be read: {error.strerror}") from None
    mail_id = correcting.correct(open_record(), job, raw, by=by, reason=reason)
    out.print(f"Mail {mail_id} is read in its place, with the receipt of the original.")


@dead.command(epilog="Example: `claims dead requeue --all --kind read --by jane`")
def requeue(
    by: By,
    jobs: Jobs = None,
    *,
    every: Every = False,
    kind: Kind = "",
    died_of: ForReason = "",
) -> None:
    """Try dead letters again; a parked mail and a held e-mail are open again."""
    from worker import operating

    _check(jobs, every=every, filters=(kind, died_of))
    parts = open_record()
    if jobs:
        _say(_some(operating.requeue(parts, jobs, by=by)), "requeued")
        return
    wanted = operating.Matching(kind, died_of, until=parts.clock.now())
    found = _some(operating.requeue_matching(parts, wanted, by=by))
    while found.has_more:
        _say(found, "requeued")
        found = operating.requeue_matching(parts, wanted, by=by, after=found.last)
    _say(found, "requeued")


@dead.command(epilog="Example: `claims dead discard 12 --by jane --reason 'spam'`")
def discard(
    by: By,
    reason: Annotated[str, typer.Option(help="Why; stands in the log of actions.")],
    jobs: Jobs = None,
    *,
    every: Every = False,
    kind: Kind = "",
    died_of: ForReason = "",
) -> None:
    """Give dead letters up: they stay in the record, and are not tried again."""
    from worker import operating

    _check(jobs, every=every, filters=(kind, died_of))
    parts = open_record()
    if jobs:
        _say(_some(operating.discard(parts, jobs, by=by, reason=reason)), "discarded")
        return
    wanted = operating.Matching(kind, died_of, until=parts.clock.now())
    found = _some(operating.discard_matching(parts, wanted, by=by, why=reason))
    while found.has_more:
        _say(found, "discarded")
        found = operating.discard_matching(parts, wanted, by=by, why=reason)
    _say(found, "discarded")


def _check(jobs: list[int] | None, *, every: bool, filters: tuple[str, str]) -> None:
    if bool(jobs) == every:
        raise WrongUse("name dead letters by number, or take --all of them")
    if jobs and any(filters):
        raise WrongUse("--kind and --died-of go with --all")


def _some(found: "Result") -> "Result":
    """Return what was found first; of a rest, somebody else may have taken all."""
    if not found.done and not found.skipped:
        raise UsageError("none of these is a dead letter: see `claims dead list`")
    return found


def _say(found: "Result", what: str) -> None:
    out.print(f"{counted(len(found.done), 'dead letter')} {what}.")
    for job_id in found.skipped:
        warn(f"job {job_id}: a person has settled what it was about; discard it")


def _about(letter: "DeadLetter") -> str:
    words = []
    if letter.claim_id is not None:
        words.append(reference(letter.claim_id))
    if letter.mail_id is not None:
        words.append(f"mail {letter.mail_id}")
    if letter.email_id is not None:
        words.append(f"e-mail {letter.email_id}")
    return ", ".join(words)


def _facts(letter: "DeadLetter") -> dict[str, object]:
    explained = explain(letter.reason)
    return {
        "job": letter.job_id,
        "kind": letter.kind,
        "ref": letter.ref,
        "queue": letter.queue,
        "reason": letter.reason,
        "means": explained.says,
        "what_to_do": explained.do,
        "attempts": letter.attempts,
        "failures": letter.failures,
        "refusals": letter.transients,
        "vanished": letter.vanished,
        "created_at": letter.created_at.isoformat(),
        "died_at": letter.died_at.isoformat(),
        "claim": reference(letter.claim_id) if letter.claim_id else None,
        "mail": letter.mail_id,
        "email": letter.email_id,
    }
