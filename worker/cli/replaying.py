"""`claims replay`: what changed rules would make of the mails that are stored."""

# ruff: noqa: PLC0415 - see the package

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from worker.cli.console import fail, out
from worker.cli.progress import shown_progress
from worker.cli.starting import AsJson, open_record
from worker.domain.counting import counted
from worker.domain.errors import SettingsInvalid, WrongUse
from worker.terminal import NOTHING, words

if TYPE_CHECKING:
    from worker.outcomes import Change, Difference
    from worker.rejudging import Rules
    from worker.replaying import Replayed

app = typer.Typer()

EXAMPLES = """
Examples: `claims policy show > new.toml`, change it, then
`claims replay --diff --policy new.toml`;
`claims replay --diff --templates my-templates --json`;
`claims replay` (is the stored record what the present rules make of it?)
"""
WHATS = {"email": "e-mail"}
"""Where people have another word for it than programs."""
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+\+00:00")
_CODE = re.compile(r"[a-z_]+")


@app.command(epilog=EXAMPLES)
def replay(
    *,
    diff: Annotated[
        bool, typer.Option("--diff", help="List every difference, not only counts.")
    ] = False,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Another policy than CLAIMS_POLICY."),
    ] = None,
    templates: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Other templates, one folder an e-mail."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge all stored mails once more under changed rules, changing nothing.

    Exit code 0: no difference; 1: there are differences; 2: wrong use. Without
    another policy or other templates, the present rules are held against the record.
    """
    from worker import log as logs
    from worker import replaying

    changed = _rules(policy, templates)
    logs.configure(stream=sys.stderr, level="critical")
    parts = open_record()
    try:
        with shown_progress() as progress:
            found = replaying.replay(parts, changed, progress=progress)
    finally:
        parts.close()
    if as_json:
        data = replaying.as_dict(found)
        sys.stdout.write(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    else:
        _print(found, changed, has_list=diff)
    if found.differences:
        raise typer.Exit(1)


def _rules(policy: Path | None, templates: Path | None) -> "Rules":
    """Return the changed rules.

    Raises:
        WrongUse: the policy or the templates cannot be used.
    """
    from worker.adapters.policy_file import read_policy
    from worker.rejudging import Rules

    if policy is not None:
        try:
            read_policy(policy)
        except SettingsInvalid as error:
            for fault in error.faults:
                said = fault.removeprefix("CLAIMS_POLICY: ").removeprefix(f"{policy} ")
                fail(f"--policy {policy}: {said}", code=None)
            raise typer.Exit(2) from None
    if templates is not None:
        templates = templates / "emails" if _has_emails(templates) else templates
        if not any(templates.glob("*/subject.txt")):
            raise WrongUse(
                f"--templates {templates} has no e-mails: it needs a folder for each,"
                " such as received/subject.txt"
            )
    return Rules(policy=policy, templates=templates)


def _has_emails(folder: Path) -> bool:
    return (folder / "emails").is_dir()


# -- what is shown ----------------------------------------------------------------


def _print(found: "Replayed", changed: "Rules", *, has_list: bool) -> None:
    if has_list and found.differences:
        out.print(_table(found, changed))
    mails, claims = counted(found.mails, "mail"), counted(found.claims, "claim")
    claims_that = sum(one.claim_id is not None for one in found.differences)
    alone = len(found.differences) - claims_that
    if changed.is_changed:
        what = f"{counted(claims_that, 'claim')} would differ under the changed rules"
        more = f", and {counted(alone, 'mail')} without a claim" if alone else ""
        versions = f"Policy {found.present_version}, changed: {found.changed_version}."
        out.print(f"{mails}, {claims}; [bold]{what}{more}[/].\n{escape(versions)}")
    else:
        out.print(f"{mails}, {claims}; policy {escape(found.present_version)}")
    out.print(
        f"{counted(found.judged_otherwise, 'claim is', 'claims are')} judged otherwise"
        " by the present rules than in the record."
    )
    if changed.is_changed and found.judged_otherwise:
        out.print("[dim]`claims replay --diff` alone lists what differs.[/]")
    if found.unjudged:
        said = f"{counted(found.unjudged, 'mail')} could not be read or judged again"
        out.print(f"[yellow]{said}: what depends on them is missing here.[/]")
    if found.left_out:
        acts = counted(found.left_out, "act of people is", "acts of people are")
        said = f"{acts} not carried over"
        out.print(f"[yellow]{said}.[/]")
    if found.differences and not has_list:
        out.print("[dim]List them with --diff.[/]")


def _table(found: "Replayed", changed: "Rules") -> Table:
    names = ("Present rules", "Changed rules")
    if not changed.is_changed:
        names = ("Stored", "Present rules")
    table = Table("Claim", "What", *names, show_lines=False)
    table.columns[0].no_wrap = True
    for one in found.differences:
        shown = [change for change in one.changes if not _is_detail(change, one)]
        labels = _labels(one)
        for number, change in enumerate(shown):
            last = number == len(shown) - 1
            name = "\n".join(labels[number:] if last else labels[number : number + 1])
            what = f"{WHATS.get(change.what, change.what)} {words(change.name)}"
            table.add_row(name, what, *_values(change), end_section=last)
    return table


def _labels(one: "Difference") -> list[str]:
    names = [f"[bold]{one.ref}[/]"]
    names += [] if one.order_number is None else [f"[dim]{escape(one.order_number)}[/]"]
    return [*names, "[dim]decided[/]"] if one.is_decided else names


def _is_detail(change: "Change", one: "Difference") -> bool:
    """Return whether a change says no more than another that is listed."""
    names = {(other.what, other.name) for other in one.changes}
    has_total = ("proposal", "total_usd") in names
    is_lines = (change.what, change.name) == ("proposal", "lines")
    return is_lines and has_total


def _values(change: "Change") -> tuple[str, str]:
    """Return both values; of an e-mail with other words, what of it differs."""
    if change.parts:
        differs = f"other {', '.join(change.parts)}"
        return ("", differs) if "subject" not in change.parts else _both(change)
    return _both(change)


def _both(change: "Change") -> tuple[str, str]:
    return _value(change.before), _value(change.after)


def _value(value: str | None) -> str:
    if value is None:
        return NOTHING
    if _INSTANT.fullmatch(value):
        return value.replace("T", " ").replace("+00:00", " UTC")
    return escape(words(value) if _CODE.fullmatch(value) else value)
