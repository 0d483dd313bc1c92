"""The numbered clauses of the terms: ids, titles, and the text that mails quote.

The text of a clause has this one source. Where the terms lost a word, nothing was
put in its place. Source: logistics-guarantee.txt, numbered as in clauses.md.
"""

from dataclasses import dataclass
from typing import NewType

ClauseId = NewType("ClauseId", str)
"""G1 ... G9b, X1 ... X14, C1 ... C13, P1 ... P16, or D1 ... D6 for a document."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: `title` for lists, `text` quoted from the terms."""

    clause_id: ClauseId
    title: str
    text: str


def _clause(clause_id: str, title: str, text: str) -> Clause:
    return Clause(ClauseId(clause_id), title, text)


_ALL = (
    _clause(
        "G1",
        "Guarantee bought",
        "This additional service can be optionally purchased. Customers who purchase"
        " this additional service will enjoy 100% guarantee of “loss compensation”"
        " for their packages.",
    ),
    _clause(
        "G2",
        "Guarantee fee",
        "Members can purchase logistics protection during the order process. The fee"
        " is 10% of the product value and is charged together with the product fee"
        " (minimum fee: $30).",
    ),
    _clause(
        "G3",
        "Complete loss",
        "If the package is completely lost, the compensation amount is the total value"
        " of the package and 100% of the shipping cost of the package.",
    ),
    _clause(
        "G4",
        "Partial loss",
        "The amount of compensation will be determined based on the audit results.",
    ),
    _clause(
        "G5",
        "Lower of value and sales price",
        "Compensation will be based on the value of the package or the order sales"
        " price (whichever is lower).",
    ),
    _clause(
        "G6",
        "Maximum per package",
        "The maximum compensation amount per package is $5,000 USD.",
    ),
    _clause(
        "G7",
        "Damaged contents",
        "If the packaged items cannot be used normally, the amount of compensation"
        " will be determined based on the audit results.",
    ),
    _clause(
        "G8",
        "Maximum for damage",
        "The maximum compensation amount is 30% of the shipping fee and $100 of the"
        " product price.",
    ),
    _clause(
        "G9a",
        "Packaging intact",
        "No compensation will be provided if the package encounters the following"
        " conditions: Packed well;",
    ),
    _clause(
        "G9b",
        "Contents not damaged",
        "No compensation will be provided if the outer packaging is twisted, destroyed"
        " or damaged, but the contents are not actually damaged.",
    ),
    _clause(
        "C1",
        "Check on receipt",
        "Check whether the package is intact and there is no significant difference"
        " between the estimated weight and the actual weight.",
    ),
    _clause(
        "C3",
        "Documents and packaging",
        "If a package or its contents are found to be damaged, please prepare the"
        " following documents and retain all packaging and contents of the package"
        " until the review is completed.",
    ),
    _clause(
        "C5", "Claims covered", "Applicable to claims for damaged or lost packages."
    ),
    _clause(
        "C6",
        "Subject of the e-mail",
        "Please send the above documents with the subject of the email as “Member"
        " ID+Order Number+Claim”.",
    ),
    _clause(
        "C7",
        "Required documents",
        "Proof of purchase, such as an invoice or transaction record (including the"
        " content and value of the product); order notification email; photos of"
        " packaging and package contents (if available).",
    ),
    _clause(
        "C8",
        "Missing documents",
        "A claim may be rejected if any of the above documents are missing or we are"
        " unable to confirm the necessary details.",
    ),
    _clause(
        "C9",
        "Keep the packaging",
        "Please retain all packaging and contents of the package until the review is"
        " completed.",
    ),
    _clause(
        "C10",
        "Response within 7 days",
        "After providing all necessary documents, we will respond within 7 days.",
    ),
    _clause(
        "C11",
        "Claim within 24 hours",
        "No compensation claims will be accepted after more than 24 hours after"
        " receiving the package.",
    ),
    _clause(
        "C12",
        "Unclaimed over 30 days",
        "If the package remains unclaimed for more than 30 days after arriving at the"
        " destination, no compensation claim will be accepted.",
    ),
    _clause(
        "C13",
        "Completion notice",
        "Once the claim is completed, members will receive an email notification.",
    ),
    _clause(
        "P13",
        "Points of a return",
        "If you request a return, the points for the returned item will be reverted to"
        " your account along with your refund. If it's a partial return, points will be"
        " returned based on a percentage of the product's price.",
    ),
)

CLAUSES: dict[ClauseId, Clause] = {clause.clause_id: clause for clause in _ALL}
