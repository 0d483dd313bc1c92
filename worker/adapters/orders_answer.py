"""What the shop's order directory answers, as orders and members, or what is wrong.

The fields are those of orders.csv and are read by its rules; docs/orders-api.md has
the shapes. What is wrong names fields and never says what stands in them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NoReturn

from worker.adapters.order_rows import (
    OPTIONAL_COLUMNS,
    REQUIRED_COLUMNS,
    CsvFaults,
    read_member,
    read_order,
)
from worker.domain.orders import Member, Order, normal_id

MEMBER_FIELDS = ("member_id", "member_name", "member_email", "locale")
ORDER_FIELDS = (
    "order_number",
    *MEMBER_FIELDS,
    "placed_at",
    "guarantee_fee_usd",
    "points_applied",
    "points_earned",
)
PACKAGE_FIELDS = tuple(name for name in REQUIRED_COLUMNS if name not in ORDER_FIELDS)
PRIVATE_PREFIX = "x_"
"""A shop's own fields, which we pass over; any other that we do not know is a fault."""
_ID_LENGTH = 80  # Source: the directory's columns, adapters/store/schema.py
_MOST_REASONS = 5

# Our choice: what a directory that says no more is given.
RETRY_AFTER = timedelta(minutes=1)


class Unclear(Exception):
    """One attempt came to nothing; `is_passing` says that another may do better."""

    def __init__(
        self,
        code: str,
        *,
        is_passing: bool = False,
        retry_after: timedelta = RETRY_AFTER,
        reasons: Sequence[str] = (),
    ) -> None:
        super().__init__(code)
        self.code = code
        self.is_passing = is_passing
        self.retry_after = retry_after
        self.reasons = tuple(reasons)


def as_order(answer: object, order_number: str, *, default_tz: str) -> Order:
    """Return the order of an answer.

    Raises:
        Unclear: `orders_wrong_shape`, or another order than was asked for.
    """
    fields = _object(answer, "the answer", ORDER_FIELDS, optional=("packages",))
    packages = fields.pop("packages", None)
    if not isinstance(packages, list) or not packages:
        raise _wrong("packages: expected a list that is not empty")
    shared = _cells(fields, "")
    rows = [shared | _package(package, at) for at, package in enumerate(packages)]
    try:
        order = read_order(rows, default_tz=default_tz)
    except CsvFaults as error:
        faults = [f"packages[{line - 1}]: {text}" for line, text in error.faults]
        raise _wrong(*faults) from None
    _must_be_same("order_number", order.order_number, order_number)
    in_order = sorted(order.packages, key=lambda package: package.package_id)
    return replace(order, packages=tuple(in_order))


def as_json(body: bytes) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON of a body; numbers as they are written, so that cents stay.

    Raises:
        Unclear: `orders_no_json`.
    """
    try:
        return json.loads(
            body.decode("utf-8"),
            parse_float=str,
            parse_int=str,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError):
        raise Unclear("orders_no_json") from None


def says_absent(body: bytes, absent: str) -> bool:
    """Return whether the body of a 404 says in so many words what does not exist.

    Any web server answers 404 where a path is wrong; that says nothing about orders.
    """
    try:
        return bool(as_json(body) == {"error": absent})
    except Unclear:
        return False


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _wrong(*faults: str) -> Unclear:
    return Unclear("orders_wrong_shape", reasons=faults[:_MOST_REASONS])


def _object(
    value: object, where: str, required: Sequence[str], *, optional: Sequence[str] = ()
) -> dict[str, Any]:
    """Return an object with the fields that it must and may have.

    Raises:
        Unclear: one is missing or unknown; which, without any value.
    """
    if not isinstance(value, dict):
        raise _wrong(f"{where}: expected an object")
    own = {k: v for k, v in value.items() if not k.startswith(PRIVATE_PREFIX)}
    missing = [name for name in required if name not in own]
    unknown = len(own.keys() - {*required, *optional})
    faults = [f"{where}: {name} is missing" for name in missing]
    if unknown:
        faults.append(f"{where}: {unknown} fields that are not known")
    if faults:
        raise _wrong(*faults)
    return own


def _cells(fields: Mapping[str, Any], where: str) -> dict[str, str]:
    """Return fields as the cells of a file have them.

    Raises:
        Unclear: a value is neither text, a number nor null.
    """
    cells, faults = {}, []
    for name, value in fields.items():
        if name == "lines_json" and isinstance(value, list):
            cells[name] = json.dumps(value, ensure_ascii=False)
        elif name == "member_email" and isinstance(value, list):
            cells[name] = ";".join(str(one) for one in value)
        elif value is None:
            cells[name] = ""
        elif isinstance(value, str):
            cells[name] = value
        else:
            faults.append(f"{where}{name}: expected text, a number or null")
    if faults:
        raise _wrong(*faults)
    return cells


def _package(value: object, at: int) -> dict[str, str]:
    where = f"packages[{at}]"
    fields = _object(value, where, PACKAGE_FIELDS, optional=OPTIONAL_COLUMNS)
    return _cells(fields, f"{where}.")


def as_member(answer: object, member_id: str) -> Member:
    """Return the member of an answer; raises Unclear as `as_order` does."""
    member = _member(answer, "the answer")
    _must_be_same("member_id", member.member_id, member_id)
    return member


def as_members(answer: object, address: str) -> tuple[Member, ...]:
    """Return the members who have an address; raises Unclear as `as_order` does."""
    listed = _object(answer, "the answer", ("members",))["members"]
    if not isinstance(listed, list):
        raise _wrong("members: expected a list")
    members = tuple(_member(one, f"members[{at}]") for at, one in enumerate(listed))
    for at, member in enumerate(members):
        if address not in member.addresses:
            raise _wrong(f"members[{at}]: has another address than was asked for")
    return members


def _member(value: object, where: str) -> Member:
    cells = _cells(_object(value, where, MEMBER_FIELDS), f"{where}.")
    try:
        return read_member(cells)
    except CsvFaults as error:
        raise _wrong(*(f"{where}: {text}" for _, text in error.faults)) from None


def as_numbers(answer: object) -> tuple[str, ...]:
    """Return order numbers as they are listed; raises Unclear as `as_order` does."""
    listed = _object(answer, "the answer", ("order_numbers",))["order_numbers"]
    if not isinstance(listed, list):
        raise _wrong("order_numbers: expected a list")
    for at, one in enumerate(listed):
        if not isinstance(one, str) or not can_be_id(one):
            raise _wrong(f"order_numbers[{at}]: expected an id")
    return tuple(map(str, listed))


def _must_be_same(name: str, answered: str, asked: str) -> None:
    if normal_id(answered) != normal_id(asked):
        raise _wrong(f"{name}: another than was asked for")


def can_be_id(text: str) -> bool:
    """Return whether a directory could hold an id; `..` would be another path."""
    is_short = len(text) <= _ID_LENGTH
    return is_short and text.isprintable() and bool(text.strip(". "))
