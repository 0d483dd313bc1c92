"""Arrow 3: what software worked out becomes the replies that we owe.

Pure: facts in, `Reply` out. Start at `answers.py`; whatever a member may be told goes
through the table in `may_say.py`.
"""

from worker.domain.reply import MailCause
from worker.notify.answers import answer_assessed, answer_held, answer_unmatched
from worker.notify.decisions import Decision, decide, draft
from worker.notify.due import remind, respond
from worker.notify.may_say import WHAT_WE_MAY_SAY, Topic
from worker.notify.recipients import Identity

__all__ = [
    "WHAT_WE_MAY_SAY",
    "Decision",
    "Identity",
    "MailCause",
    "Topic",
    "answer_assessed",
    "answer_held",
    "answer_unmatched",
    "decide",
    "draft",
    "remind",
    "respond",
]
