"""Commands that explain: the money of a claim, its clocks, and the policy in force."""

# ruff: noqa: PLC0415 - a page of help needs nothing of this

import json
import sys
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from worker.cli.console import fail, out
from worker.cli.starting import (
    AsJson,
    help_alone,
    open_record,
    read_orders,
    read_settings,
)
from worker.domain.amounts import Condition, Proposal, item_lines, propose
from worker.domain.claim import ClaimType
from worker.domain.clauses import CLAUSES
from worker.domain.counting import counted
from worker.domain.errors import SettingsInvalid, UsageError
from worker.domain.explanation import ClockExplanation, Line, in_zone
from worker.domain.money import typed
from worker.domain.orders import Order, Package, normal_id
from worker.domain.policy import SWITCHES, Policy
from worker.terminal import state_words, words

if TYPE_CHECKING:
    from worker.explaining import Explained

app = typer.Typer()
policy_app = typer.Typer(
    help="What the terms leave open.", invoke_without_command=True, callback=help_alone
)
app.add_typer(policy_app, name="policy")


class QuotedType(StrEnum):
    """What can be quoted: a claim whose type is known. Source: clause C5."""

    TOTAL_LOSS = "total_loss"
    PARTIAL_LOSS = "partial_loss"
    DAMAGE = "damage"


QUOTE_EXAMPLES = """
Examples: `claims quote --order ORD-20261104-0183 --type total_loss`;
`claims quote --order ORD-20261104-0183 --type damage --audited-product 250 --json`;
`claims quote --orders orders.csv --order ORD-1 --package A --type partial_loss
--missing 3`
"""


@app.command(epilog=QUOTE_EXAMPLES)
def quote(  # noqa: PLR0913 - the options of the contract
    *,
    order: Annotated[str, typer.Option(help="The order's number.")],
    claim_type: Annotated[
        QuotedType, typer.Option("--type", help="What happened to the package.")
    ],
    package: Annotated[
        str | None, typer.Option(help="Its id, where the order has several.")
    ] = None,
    audited_product: Annotated[
        str | None,
        typer.Option(metavar="USD", help="The reviewer's figure for the goods."),
    ] = None,
    audited_shipping: Annotated[
        str | None,
        typer.Option(metavar="USD", help="The reviewer's figure for the shipping."),
    ] = None,
    missing: Annotated[
        list[int] | None,
        typer.Option(
            help="An item line that did not arrive, from 1; repeatable (partial loss)."
        ),
    ] = None,
    packaging: Annotated[
        Condition, typer.Option(help="What the photos show of the box (damage).")
    ] = Condition.UNKNOWN,
    contents: Annotated[
        Condition, typer.Option(help="What the photos show of the contents (damage).")
    ] = Condition.UNKNOWN,
    orders: Annotated[
        Path | None,
        typer.Option(help="Order directory as CSV; else the imported one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Work out the money that the terms give, line by line, storing nothing."""
    from worker.adapters.policy_file import read_policy

    product = _amount("--audited-product", audited_product)
    shipping = _amount("--audited-shipping", audited_shipping)
    _refuse_idle_options(
        claim_type,
        audits={
            "--audited-product": product is not None,
            "--audited-shipping": shipping is not None,
        },
        missing=bool(missing),
        condition={packaging, contents} != {Condition.UNKNOWN},
    )
    policy = read_policy(read_settings().policy)
    found = _order(policy, order, orders)
    chosen = _package(found, package)
    proposal = propose(
        chosen,
        ClaimType(claim_type.value),
        policy,
        order=found,
        audited_product=product,
        audited_shipping=shipping,
        missing=_positions(chosen, missing or []),
        packaging=packaging,
        contents=contents,
    )
    assert proposal is not None  # noqa: S101 - every quoted type has one
    if as_json:
        data = quote_as_json(found, chosen, claim_type, proposal, policy)
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    else:
        _print_quote(found, chosen, claim_type, proposal, policy)


def quote_as_json(
    order: Order,
    package: Package,
    claim_type: QuotedType,
    proposal: Proposal,
    policy: Policy,
) -> dict[str, Any]:
    """Return a quote as programs read it; amounts are texts with two decimals.

    Source: DESIGN section 5 (claims quote).
    """
    return {
        "order_number": order.order_number,
        "package_id": package.package_id,
        "claim_type": claim_type.value,
        "lines": [
            {
                "label": line.label,
                "amount_usd": f"{line.amount.amount:.2f}",
                "clause": line.clause,
            }
            for line in proposal.lines
        ],
        "total_usd": f"{proposal.total.amount:.2f}",
        "cap_applied": proposal.cap_applied,
        "needs_person": proposal.needs_person,
        "alternatives": [
            {
                "switch": other.switch,
                "value": other.value,
                "total_usd": f"{other.total.amount:.2f}",
            }
            for other in proposal.alternatives
        ],
        "points_restored": proposal.points_restored,
        "policy_version": policy.version,
    }


@app.command(epilog="Examples: `claims explain CLM-000012`; `claims explain 12 --json`")
def explain(
    claim: Annotated[str, typer.Argument(help="The claim's number, such as CLM-12.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Explain each clock of a claim: its instants, their sources, the arithmetic."""
    from worker import explaining
    from worker.decide import find_claim

    parts = open_record()
    found = explaining.explain(parts, find_claim(parts, claim))
    if as_json:
        data = explaining.as_json(found)
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    else:
        _print_explained(found)


@policy_app.command(
    "show", epilog="Example: `claims policy show > policy.toml`, then change it"
)
def policy_show(*, as_json: AsJson = False) -> None:
    """Print the policy in force as a file: every switch, its clause, its values."""
    from worker.adapters.policy_file import read_policy, write_policy

    policy = read_policy(read_settings().policy)
    if as_json:
        values = {name: _plain(getattr(policy, name)) for name in SWITCHES}
        data = {"version": policy.version, **values}
        sys.stdout.write(json.dumps(data, indent=2) + "\n")
    else:
        sys.stdout.write(write_policy(policy))


@policy_app.command("check", epilog="Example: `claims policy check policy.toml`")
def policy_check(
    file: Annotated[Path, typer.Argument(help="TOML, as CLAIMS_POLICY names it.")],
) -> None:
    """Check a policy file and name what it changes, or all of its faults."""
    from worker.adapters.policy_file import read_policy

    try:
        policy = read_policy(file)
    except SettingsInvalid as error:
        for fault in error.faults:
            said = fault.removeprefix("CLAIMS_POLICY: ").removeprefix(f"{file} ")
            fail(f"{file}: {said}", code=None)
        raise typer.Exit(1) from None
    out.print(f"{escape(str(file))} is right: version [bold]{policy.version}[/]")
    for name in SWITCHES:
        now, default = getattr(policy, name), getattr(Policy(), name)
        if now != default:
            out.print(f"  {name}: {_plain(now)} instead of {_plain(default)}")


def _plain(value: object) -> str | int | bool | None:
    """Return a switch's value as JSON and people take it; lengths in hours."""
    match value:
        case timedelta():
            return counted(value // timedelta(hours=1), "hour")
        case None | bool() | int():
            return value
        case _:
            return str(value)


# -- what is asked ----------------------------------------------------------------


def _amount(option: str, text: str | None) -> Decimal | None:
    if text is None:
        return None
    amount = typed(text)
    if amount is None:
        fail(f"{option}: {text!r} is no amount such as 124.00", code=2)
    return amount


def _refuse_idle_options(
    claim_type: QuotedType, *, audits: dict[str, bool], missing: bool, condition: bool
) -> None:
    """Refuse what this type of claim does not look at, rather than pass it over."""
    given = [option for option, is_given in audits.items() if is_given]
    if claim_type is QuotedType.TOTAL_LOSS and given:
        fail(f"{given[0]}: a total loss is not audited (clause G3)", code=2)
    if claim_type is not QuotedType.PARTIAL_LOSS and missing:
        fail("--missing: only a partial loss has missing lines (clause G4)", code=2)
    if claim_type is not QuotedType.DAMAGE and condition:
        fail("--packaging, --contents: only for damage (clause G9)", code=2)


def _order(policy: Policy, number: str, source: Path | None) -> Order:
    if source is None:
        parts = open_record()
        found = parts.orders.order(number)
        where = "the directory; see `claims orders import`, or name a file: --orders"
    else:
        wanted = normal_id(number)
        known = read_orders(source, policy.policy_tz)
        same = (one for one in known if normal_id(one.order_number) == wanted)
        found, where = next(same, None), str(source)
    if found is None:
        raise UsageError(f"there is no order {number} in {where}")
    return found


def _package(order: Order, package_id: str | None) -> Package:
    ids = ", ".join(package.package_id for package in order.packages)
    if package_id is None:
        if len(order.packages) > 1:
            fail(f"name the package with --package; the order has {ids}", code=2)
        return order.packages[0]
    found = order.package(package_id)
    if found is None:
        message = f"the order has no package {package_id}; it has {ids}"
        raise UsageError(message)
    return found


def _positions(package: Package, numbers: list[int]) -> tuple[int, ...]:
    lines = item_lines(package)
    for number in numbers:
        if not 1 <= number <= len(lines):
            has = f"the package has {counted(len(lines), 'item line')} in the directory"
            fail(f"--missing {number}: {has}", code=2)
    return tuple(number - 1 for number in numbers)


# -- what is shown ----------------------------------------------------------------


def _print_quote(
    order: Order,
    package: Package,
    claim_type: QuotedType,
    proposal: Proposal,
    policy: Policy,
) -> None:
    from worker.cli.report import money_table

    where = f"{order.order_number}, package {package.package_id}"
    title = f"{escape(where)}: {words(claim_type)}"
    out.print(money_table(proposal, title=title))
    for note in _notes(proposal):
        out.print(f"  {note}")
    for clause in dict.fromkeys(line.clause for line in proposal.lines):
        out.print(f"  [dim]{clause}: {escape(CLAUSES[clause].text)}[/]")
    out.print(f"  [dim]Policy {escape(policy.version)}[/]")


def _notes(proposal: Proposal) -> list[str]:
    notes = []
    if proposal.needs_person:
        notes.append("[yellow]A person must find or confirm the figure.[/]")
    if proposal.cap_applied:
        notes.append("A limit of the terms applies.")
    if proposal.optional_shipping is not None:
        share = proposal.optional_shipping.amount
        notes.append(f"Optional, not included: {share:,.2f} of the shipping.")
    if proposal.points_restored:
        points = counted(proposal.points_restored, "point goes", "points go")
        notes.append(f"{points} back to the member.")
    return notes


def _print_explained(found: "Explained") -> None:
    claim = found.claim
    out.print(
        f"[bold]{claim.ref}[/] {state_words(claim.state)}, {words(claim.claim_type)}"
    )
    out.print(f"  Policy {escape(found.policy_version)}{_assessed_with(found)}")
    out.print(f"  Local times are of {found.zone} ({escape(found.zone_source)})")
    for clock in found.clocks:
        out.print()
        _print_clock(clock, found.zone)


def _assessed_with(found: "Explained") -> str:
    version = found.assessed_with
    if version is None or version == found.policy_version:
        return ""
    return f"; last assessed with [yellow]{escape(version)}[/]"


def _print_clock(clock: ClockExplanation, zone: str) -> None:
    clause = "" if clock.clause is None else f" ({clock.clause})"
    out.print(f"[bold]{clock.name}[/]{clause}: [bold]{words(clock.result)}[/]")
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(style="dim", overflow="fold")
    for line in clock.lines:
        table.add_row(f"  {line.label}", escape(_instant(line, zone)), _source(line))
    if clock.lines:
        out.print(table)
    out.print(f"  {escape(clock.text)}")


def _instant(line: Line, zone: str) -> str:
    if line.at is None:
        return line.text
    shown, local = in_zone(line.at, "UTC"), in_zone(line.at, zone)
    if zone == "UTC":
        return shown
    day, _, clock = local.partition(" ")
    return f"{shown} ({clock if shown.startswith(day) else local})"


def _source(line: Line) -> str:
    parts = [line.text if line.at is not None else "", line.source]
    return escape("; ".join(part for part in parts if part))
