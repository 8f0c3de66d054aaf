"""A planned time beside what was told of it since: the one rule of how a page shows a late coach."""

from __future__ import annotations

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from bookings.web.fragments import fill

_CHANGED = '<s class="was"><span class="visually-hidden">{} </span>{}</s> <span class="new-time">{}</span>'


def changed_time(planned: str, note: str) -> SafeString | str:
    """The planned time; struck through, with the note behind it, if there is one."""
    return fill(_CHANGED, _("planned"), planned, note) if note else planned
