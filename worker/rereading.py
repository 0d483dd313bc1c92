"""All stored mails, read once more and judged by one or more records side by side."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from worker.adapters.store.replica import SettledMail
from worker.domain.errors import GiveUp
from worker.domain.mail import Mail
from worker.history import Stored
from worker.ports import Reader, ReadFailed
from worker.rejudging import Reading, Rejudging

Progress = Callable[[str, int, int], None]


def judge_all(
    stored: Stored, every: Sequence[Rejudging], reader: Reader, progress: Progress
) -> set[int]:
    """Judge each mail under all rules; return those that could not be judged again."""
    total = len(stored.mails)
    judged = [mail for mail in stored.mails if mail.is_judged]
    unjudged: set[int] = set()
    readings = _read_ahead(reader, judged, ahead=stored.parts.settings.readers)
    for number, (mail, reading) in enumerate(readings, start=1 + total - len(judged)):
        earlier = stored.parts.store.mails.get(mail.mail_id).mail
        if earlier is not None and not isinstance(reading, Mail):
            unjudged.add(mail.mail_id)
        for one in every:
            one.take(mail, reading, earlier)
        progress("Replaying", number, total)
    for one in every:
        one.finish()
    return unjudged.union(*(one.unjudged for one in every))


def _read_ahead(
    reader: Reader, mails: Iterable[SettledMail], *, ahead: int
) -> Iterator[tuple[SettledMail, Reading]]:
    """Yield each mail in order with what reading it shows; some are read ahead.

    Raises:
        RetryLater: the raw store cannot be reached.
    """
    waiting: deque[tuple[SettledMail, Future[Reading]]] = deque()
    with ThreadPoolExecutor(ahead, thread_name_prefix="replay") as pool:
        for mail in mails:
            waiting.append((mail, pool.submit(_read, reader, mail.sha256)))
            if len(waiting) > ahead:
                first, reading = waiting.popleft()
                yield first, reading.result()
        for first, reading in waiting:
            yield first, reading.result()


def _read(reader: Reader, sha256: str) -> Reading:
    """Return what a mail says, or why it cannot be read; a crash is tried again."""
    try:
        return reader.read(sha256)
    except GiveUp as error:
        return error
    except ReadFailed as error:
        if not error.died:
            return error
    try:
        return reader.read(sha256)
    except (GiveUp, ReadFailed) as error:
        return error
