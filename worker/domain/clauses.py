"""The numbered clauses of the terms: ids, titles, and the text that mails quote.

The text of a clause has this one source. Where the terms lost a word, nothing was
put in its place. Of X6 only the part is quoted that may be written to a member.

Source: logistics-guarantee.txt and bonus-points.txt, numbered as in clauses.md.
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
        "X1",
        "Natural deterioration",
        "Any damage/loss that may be caused by natural deterioration or loss.",
    ),
    _clause(
        "X2",
        "Severe weather",
        "Any damage/loss that may be caused by severe weather, lightning strikes,"
        " tsunamis, earthquakes, floods and other natural disasters during"
        " transportation.",
    ),
    _clause(
        "X3",
        "Temperature and humidity",
        "Any damage/loss that may be caused by any temperature or humidity changes.",
    ),
    _clause(
        "X4",
        "Natural disasters",
        "Natural disasters may include, but are not limited to, earthquakes,"
        " tornadoes, storms, floods, fires, plagues, fog, snow, frost or geological"
        " disasters.",
    ),
    _clause(
        "X5",
        "Address, order details, signature",
        "Packages with incorrect delivery address, inaccurate order information, or"
        " no signature.",
    ),
    _clause(
        "X6",
        "Buyer cannot be contacted",
        "The buyer cannot be contacted.",
    ),
    _clause(
        "X7",
        "Proof of delivery to the warehouse",
        "The package lacks a valid signature from the consignee at the warehouse or"
        " certified proof that a responsible overseas courier delivered it to our"
        " overseas warehouse.",
    ),
    _clause(
        "X8",
        "Address in the Member Center",
        "The delivery address is wrong or inaccurate and inconsistent with the"
        " address provided in the Member Center.",
    ),
    _clause(
        "X9",
        "Recipient's fault",
        "Package lost due to recipient's fault.",
    ),
    _clause(
        "X10",
        "Market prices",
        "Losses caused by market price fluctuations.",
    ),
    _clause(
        "X11",
        "Accidents and disputes in transport",
        "Shipping accidents, invasions, riots, strikes or other regional disputes"
        " during package transportation, such as civil unrest, terrorist attacks or"
        " wars.",
    ),
    _clause(
        "X12",
        "Radioactive contamination",
        "Radioactive contamination.",
    ),
    _clause(
        "X13",
        "Sanctions",
        "Control sanctions.",
    ),
    _clause(
        "X14",
        "Import and export bans",
        "Any temporary prohibition or restriction on the export or import of goods"
        " imposed on any export or service area.",
    ),
    _clause(
        "C1",
        "Check on receipt",
        "Check whether the package is intact and there is no significant difference"
        " between the estimated weight and the actual weight.",
    ),
    _clause(
        "C2",
        "Inspect before signing",
        "Regardless of the condition of the outer packaging, please first inspect"
        " the package in the presence of the courier or relevant staff, and then"
        " sign the courier's delivery note.",
    ),
    _clause(
        "C3",
        "Documents and packaging",
        "If a package or its contents are found to be damaged, please prepare the"
        " following documents and retain all packaging and contents of the package"
        " until the review is completed.",
    ),
    _clause(
        "C4",
        "Right to refuse",
        "If a package or its contents are found to be damaged, you have the right"
        " to refuse to sign any documents from the courier and to have the package"
        " photographed immediately.",
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
        "P1",
        "E-mail verified",
        "You may verify your email on your profile page to receive 100 points.",
    ),
    _clause(
        "P2",
        "Points of a purchase",
        "You'll earn 1 point for every dollar spent on your purchase.",
    ),
    _clause(
        "P3",
        "Delivery confirmed",
        "Points will be credited to your account once you confirm the delivery of"
        " your order.",
    ),
    _clause(
        "P4",
        "Reviews",
        "Points can be earned by posting comments and reviews on purchased items."
        " After meeting the minimum of text product comments, you will receive 5"
        " points.",
    ),
    _clause(
        "P5",
        "Points of each site",
        "Points are independent on each of the sites. The balance is displayed on"
        " the Points History page. It is the balance available to you on the"
        " current site.",
    ),
    _clause(
        "P6",
        "Value of a point",
        "Every 100 points = $1.",
    ),
    _clause(
        "P7",
        "Half of the products",
        "You can use the points to deduct up to 50% of the total amount of products"
        " when you place your order (only the total price of products is supported,"
        " excluding postage, insurance, and taxes).",
    ),
    _clause(
        "P8",
        "Order of use",
        "Points will be used based on how soon they expire.",
    ),
    _clause(
        "P9",
        "Coupons and games",
        "You can also use your points to redeem coupons during special events or"
        " redeem game opportunities, etc. For specific usage rules, please refer to"
        " each event's terms and conditions.",
    ),
    _clause(
        "P10",
        "Expiry",
        "Based on categories, POINTS have different expiration dates. Expiration"
        " dates range from 7 days to 3 months, some may even have a longer"
        " expiration date. If your points expired before being used, they will be"
        " deleted from your account.",
    ),
    _clause(
        "P11",
        "Daily limit",
        "For every user, there is a maximum amount of points they can receive"
        " daily. When users reach the maximum amount of points they can receive"
        " daily, they can still participate in events and games, but they cannot"
        " receive any more points.",
    ),
    _clause(
        "P12",
        "Unpaid order cancelled",
        "If an unpaid order is canceled, the points applied to the original order"
        " will be immediately returned to your points account.",
    ),
    _clause(
        "P13",
        "Points of a return",
        "If you request a return, the points for the returned item will be reverted to"
        " your account along with your refund. If it's a partial return, points will be"
        " returned based on a percentage of the product's price.",
    ),
    _clause(
        "P14",
        "Points outside their validity",
        "If the cancellation order/refund occurs outside the validity period of the"
        " points, expired points will not be refunded, and the user can view the"
        " records in the point details.",
    ),
    _clause(
        "P15",
        "Return after confirmation",
        "If the return occurs after you have confirmed receipt, points from the"
        " original order will be returned to your points account. Points received"
        " from placing an order will be deducted, they will start being deducted"
        " from points that are expiring. If your points account does not have"
        " enough balance, points will be deducted until it reaches 0.",
    ),
    _clause(
        "P16",
        "Discretion",
        "Points are awarded at the Company's sole discretion.",
    ),
)

CLAUSES: dict[ClauseId, Clause] = {clause.clause_id: clause for clause in _ALL}
