"""Posted twice, done once: the token of a form or of a program's request."""

from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError
from django.utils.translation import gettext as _

from bookings.base.codes import sha256
from bookings.base.errors import AlreadySubmitted, Refusal
from bookings.database.compiled import insert_rows
from bookings.database.transactions import short_transaction
from bookings.models import Submission


def run_once(
    scope: str, token: str, content: str, *, action: Callable[[], str], now: datetime, expects: str = ""
) -> str:
    """Run `action` in one transaction the first time `token` is posted; afterwards answer with the first
    time's result.

    The same token with other content raises AlreadySubmitted. If `action` raises, nothing is kept and the
    token stays good. A twin that runs at the same time waits for the first and gets its result. `expects` is
    what `action` will most likely give: then nothing has to be written after it.
    """
    if not token or len(token) > 80 or "\x00" in token:
        raise Refusal(_("This form is no longer valid. Please open the page again."))
    digest = sha256(content)
    try:
        with short_transaction():
            made = Submission(scope=scope, token=token, content_hash=digest, result=expects, created_at=now)
            insert_rows([made])
            result = action()
            if result != made.result:
                Submission.objects.filter(pk=made.pk).update(result=result)
            return result
    except IntegrityError:
        earlier = _earlier(scope, token, digest)
        if earlier is None:  # the clash was not about the token
            raise
        return earlier


def _earlier(scope: str, token: str, digest: str) -> str | None:
    row = Submission.objects.filter(scope=scope, token=token).first()
    if row and row.content_hash != digest:
        raise AlreadySubmitted
    return row.result if row else None
