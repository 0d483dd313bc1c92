"""`/operations`: queues, workers, mailbox, e-mails on their way, and what was done."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from worker import decide, operating
from worker.actors import QUEUES
from worker.desk.guard import NotAllowed, Visit, needs
from worker.desk.live import stream
from worker.desk.pages import go, of_one_moment, page, rendered
from worker.desk.panels import DEFAULT_SPAN, SPANS, read_panels
from worker.desk.refusals import sentence
from worker.domain.counting import counted
from worker.domain.errors import UsageError
from worker.domain.staff import Right

router = APIRouter()
Seen = Annotated[Visit, needs(Right.SEE_OPERATIONS)]
Operated = Annotated[Visit, needs(Right.OPERATE)]
Worked = Annotated[Visit, needs(Right.WORK_ON_CLAIMS)]
HERE, HELD = "/operations", "/operations/held"
MOST_HELD = 200
LINES = 200


@router.get("/operations")
@of_one_moment
def operations(visit: Seen, span: str = DEFAULT_SPAN) -> Response:
    """Show everything at a glance."""
    return page(visit, "operations.html", **_facts(visit, span))


@router.get("/operations/live")
async def live(visit: Seen, request: Request, span: str = DEFAULT_SPAN) -> Response:
    """Send the panels anew every few seconds."""
    return stream(
        request,
        lambda: rendered(visit, "operations_panels.html", **_facts(visit, span)),
    )


@router.post("/operations/queues/{queue}/pause")
def pause(visit: Operated, queue: str) -> Response:
    """Let a queue rest."""
    is_new = operating.pause(visit.parts, queue, by=visit.person.name)
    say = f"Queue {queue} rests. What is running ends as usual."
    if not is_new:
        say = f"Queue {queue} rested already."
    return go(visit.request, HERE, say=say, undo=f"{HERE}/queues/{queue}/resume")


@router.post("/operations/queues/{queue}/resume")
def resume(visit: Operated, queue: str) -> Response:
    """Let a queue run again."""
    was_paused = operating.resume(visit.parts, queue, by=visit.person.name)
    say = f"Queue {queue} runs again." if was_paused else f"Queue {queue} runs already."
    return go(visit.request, HERE, say=say)


@router.post("/operations/alerts/{alert_id}/dismiss")
def dismiss_alert(visit: Seen, alert_id: int) -> Response:
    """Say that a person knows of an alert."""
    if not (visit.person.may(Right.OPERATE) or visit.person.may(Right.WORK_ON_CLAIMS)):
        raise NotAllowed(f"Your role ({visit.person.role}) may not dismiss alerts.")
    try:
        decide.dismiss_alert(visit.parts, alert_id, by=visit.person.name)
    except UsageError:
        return go(visit.request, HERE, say="That alert stands no more.", tone="plain")
    return go(visit.request, HERE, say="The alert is dismissed.")


@router.get("/operations/held")
def held(visit: Seen, reason: str = "") -> Response:
    """List the e-mails that wait for a person."""
    return _held_page(visit, reason)


@router.post("/operations/held")
def deal_with_held(
    visit: Worked,
    do: Annotated[str, Form(pattern="^(release|discard)$")],
    email: Annotated[list[int] | None, Form()] = None,
    why: Annotated[str, Form(max_length=1000)] = "",
    reason: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Send held e-mails after all, or give them up; each by its own."""
    chosen = email or []
    say = ""
    if not chosen:
        say = "Choose at least one e-mail."
    elif do == "discard" and not why.strip():
        say = "Say why: a discarded e-mail is never sent."
    if say:
        return _held_page(visit, reason, say=say, chosen=chosen, why=why)
    done, faults = 0, []
    for number in chosen[:MOST_HELD]:
        try:
            if do == "release":
                decide.release(visit.parts, number, by=visit.staff)
            else:
                decide.discard(visit.parts, number, by=visit.staff, reason=why)
        except UsageError as fault:
            faults.append(sentence(fault))
        else:
            done += 1
            action = "e-mail released" if do == "release" else "e-mail discarded"
            visit.parts.desk.actions.add(
                visit.person.name, action, f"email:{number}", reason=why
            )
    emails = counted(done, "e-mail")
    what = "on its way" if do == "release" else "discarded"
    text = " ".join([f"{emails} {what}.", *faults[:3]])
    return go(visit.request, HELD, say=text, tone="bad" if faults else "good")


@router.get("/operations/log")
def log_of_actions(visit: Seen) -> Response:
    """List what people did to the machinery and to accounts."""
    lines = visit.parts.desk.actions.newest(limit=LINES)
    return page(visit, "operations_log.html", lines=lines, **tabs(visit))


def tabs(visit: Visit) -> dict[str, Any]:
    """Return what the tabs above each page of operations say."""
    dead = visit.parts.desk.dead_letters.groups().total()
    waiting = visit.parts.desk.operations.outbound().held.total()
    return {"dead": dead, "held": waiting}


def _held_page(
    visit: Visit,
    reason: str,
    *,
    say: str = "",
    chosen: list[int] | None = None,
    why: str = "",
) -> Response:
    outbox = visit.parts.store.outbox
    emails = outbox.held(limit=MOST_HELD, reason=reason)
    return page(
        visit,
        "operations_held.html",
        status=422 if say else 200,
        emails=emails,
        reasons=outbox.held_reasons(),
        reason=reason,
        most=MOST_HELD,
        say=say,
        chosen=chosen or [],
        why=why,
        **tabs(visit),
    )


def _facts(visit: Visit, span: str) -> dict[str, Any]:
    panels = read_panels(visit.parts, span, visit.zone)
    return {
        "panels": panels,
        "spans": SPANS,
        "queue_names": QUEUES,
        "dead": panels.dead,
        "held": panels.held,
    }
