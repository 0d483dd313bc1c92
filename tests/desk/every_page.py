"""Every page of the desk, by its route, as the tests that look at all of them go there.

Names in braces are those of `full_desk.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from tests.desk.browsers import DESKTOP
from tests.desk.full_desk import FullDesk

ADMIN, VIEWER, NOBODY = "ada", "viewer", ""
NOWHERE = "/nothing-is-here"
ERASED = "/claims/{erased}"


@dataclass(frozen=True)
class Look:
    """A page, and who looks at it; an admin has every button."""

    path: str
    who: str = ADMIN

    def __str__(self) -> str:
        return f"{self.who or 'nobody'} {self.path}"


PAGES: dict[str, tuple[Look, ...]] = {
    "/sign-in": (Look("/sign-in", NOBODY),),
    "/account": (Look("/account"), Look("/account", "safe")),
    "/account/password": (
        Look("/account/password"),
        Look("/account/password", "new"),
    ),
    "/account/phone": (Look("/account/phone"), Look("/account/phone", "safe")),
    "/people": (Look("/people"),),
    "/people/{person_id}": (Look("/people/{agent}"), Look("/people/{gone}")),
    "/people/tokens": (Look("/people/tokens"),),
    "/claims": (
        *(
            Look(f"/claims?tab={tab}")
            for tab in ("all", "mine", "due24", "breached", "closed")
        ),
        Look("/claims?q=parcel"),
        Look("/claims?type=damage&who=agent&low=1&older=0"),
        Look("/claims?q=nothing-like-it"),
        Look("/claims", VIEWER),
    ),
    "/claims/{claim_id:int}": (
        *(
            Look(f"/claims/{{{name}}}")
            for name in ("review", "documents", "paid", "late", "proposed", "sent")
        ),
        Look("/claims/{stopped}", "lead"),
        Look("/claims/{stranger}"),
        Look(ERASED),
        Look("/claims/{review}", VIEWER),
    ),
    "/claims/{claim_id:int}/files/{mail_id:int}/{key}/view": (
        Look("/claims/{paid}/files/{file_mail}/{file}/view"),
    ),
    "/claims/{claim_id:int}/thread": (Look("/claims/{proposed}/thread?before=2"),),
    "/claims/{claim_id}/reply": (Look("/claims/{review}/reply"),),
    "/triage": (
        Look("/triage"),
        Look("/triage?tab=withdrawal"),
        Look("/triage", VIEWER),
    ),
    "/triage/{mail_id:int}": tuple(
        Look(f"/triage/{{{name}}}")
        for name in ("unmatched", "several", "held", "points", "machine", "parked")
    ),
    "/triage/merge": (
        Look("/triage/merge"),
        Look("/triage/merge?claim={review}&into={paid}"),
    ),
    "/points": (Look("/points"),),
    "/points/{account_id:int}": (Look("/points/{account}"),),
    "/operations": (Look("/operations"), Look("/operations?span=24h", VIEWER)),
    "/operations/held": (Look("/operations/held"), Look("/operations/held", VIEWER)),
    "/operations/log": (Look("/operations/log"),),
    "/operations/dead": (Look("/operations/dead"), Look("/operations/dead", VIEWER)),
    "/operations/dead/{job_id}": (Look("/operations/dead/{dead_read}"),),
    "/figures": (
        Look("/figures?days=90"),
        Look("/figures?from=2026-01-01&to=2026-01-02"),
    ),
    "an address that is none": (Look(NOWHERE),),
}
NO_PAGES = {
    "/",
    "/health",
    "/healthz",
    "/readyz",
    "/metrics",
    "/sign-in/oidc",
    "/sign-in/oidc/back",
    "/account/session",
    "/claims/next",
    "/claims.csv",
    "/claims.xlsx",
    "/claims/{claim_id:int}/files/{mail_id:int}/{key}",
    "/claims/{claim_id:int}/files/{mail_id:int}/{key}/picture",
    "/claims/{claim_id:int}/mails/{mail_id:int}/html",
    "/claims/{claim_id:int}/mails/{mail_id:int}/raw",
    "/claims/{claim_id:int}/emails/{email_id:int}/html",
    "/claims/{claim_id:int}/emails/{email_id:int}/raw",
    "/claims/{claim_id:int}/documents.zip",
    "/claims/{claim_id}/reply/state",
    "/claims/{claim_id}/reply/preview",
    "/triage/{mail_id:int}/raw",
    "/triage/{mail_id:int}/html",
    "/operations/live",
    "/operations/dead/{job_id}/raw",
    "/figures/export.{kind}",
}
"""What answers with a file, a part, a stream, another's letter or another address."""
LOOKS = tuple(one for looks in PAGES.values() for one in looks)


@contextmanager
def looking(browser: Browser, desk: FullDesk, who: str) -> Iterator[Page]:
    """Give a tab in which somebody is signed in."""
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    if who:
        secret = desk.session_of(who)
        context.add_cookies([{"name": "claims", "value": secret, "url": desk.address}])
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def unfold(page: Page) -> None:
    """Open everything that can be opened in place."""
    page.evaluate(
        "document.querySelectorAll('main details').forEach(one => { one.open = true })"
    )
