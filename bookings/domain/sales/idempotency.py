"""Posted twice, done once: the token of a form or of a program's request."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError
from django.utils.translation import gettext as _

from bookings.base.codes import sha256
from bookings.base.errors import AlreadySubmitted, Refusal
from bookings.database.compiled import insert_rows
from bookings.database.transactions import short_transaction
from bookings.models import Submission


@dataclass(frozen=True)
class Answered:
    """What was done under a token and what was answered to it; `is_repeat` when that was before."""

    result: str
    answer: str
    is_repeat: bool


def run_once(
    scope: str, token: str, content: str, *, action: Callable[[], str], now: datetime, expects: str = ""
) -> str:
    """Run `action` in one transaction the first time `token` is posted; afterwards answer with the first
    time's result.

    The same token with other content raises AlreadySubmitted. If `action` raises, nothing is kept and the
    token stays good. A twin that runs at the same time waits for the first and gets its result. `expects` is
    what `action` will most likely give: then nothing has to be written after it.
    """
    return _run_and_keep(scope, token, content, action=action, answer=None, now=now, expects=expects).result


def answer_once(
    scope: str,
    token: str,
    content: str,
    *,
    action: Callable[[], str],
    answer: Callable[[str], str],
    now: datetime,
) -> Answered:
    """As `run_once`; what `answer` makes of the result is kept with it, in the same transaction, and is the
    answer to every repeat, whatever has become of the thing since.
    """
    return _run_and_keep(scope, token, content, action=action, answer=answer, now=now)


def _run_and_keep(
    scope: str,
    token: str,
    content: str,
    *,
    action: Callable[[], str],
    answer: Callable[[str], str] | None,
    now: datetime,
    expects: str = "",
) -> Answered:
    if not token or len(token) > 80 or "\x00" in token:
        raise Refusal(_("This form is no longer valid. Please open the page again."))
    digest = sha256(content)
    try:
        with short_transaction():
            made = Submission(scope=scope, token=token, content_hash=digest, result=expects, created_at=now)
            insert_rows([made])
            result = action()
            text = answer(result) if answer else ""
            if result != expects or text:
                Submission.objects.filter(pk=made.pk).update(result=result, answer=text)
            return Answered(result, text, is_repeat=False)
    except IntegrityError:
        earlier = _earlier(scope, token, digest)
        if earlier is None:  # the clash was not about the token
            raise
        return earlier


def _earlier(scope: str, token: str, digest: str) -> Answered | None:
    row = Submission.objects.filter(scope=scope, token=token).first()
    if row and row.content_hash != digest:
        raise AlreadySubmitted
    return Answered(row.result, row.answer, is_repeat=True) if row else None
