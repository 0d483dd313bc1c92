"""The wording of every reply: facts in, `Reply` out. The way in is `notify.py`."""

from worker.domain.reply import MailCause
from worker.replies.answers import answer_assessed, answer_held, answer_unmatched
from worker.replies.decisions import Decision, decide, draft
from worker.replies.due import remind, respond
from worker.replies.may_say import WHAT_WE_MAY_SAY, Topic
from worker.replies.recipients import Identity

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
