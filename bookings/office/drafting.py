"""The draft that somebody works on, and the addresses of what is edited in it."""

from __future__ import annotations

import re
from typing import Final

from django.http import Http404

from bookings.base.codes import random_code
from bookings.base.params import read_int
from bookings.domain.timetable.drafts.editing import Edit, find_draft, save_edit
from bookings.models import DraftChange, TimetableDraft
from bookings.office.access import StaffRequest

_CHOSEN: Final = "timetable_draft"  # key of the session: the draft that was taken up
_ROW: Final = re.compile(r"\d{1,18}|new-[0-9a-z]{1,12}", re.ASCII)


def own_draft(request: StaffRequest) -> TimetableDraft | None:
    """The draft that this session works on."""
    return find_draft(request.user, request.session.get(_CHOSEN))


def take_up(request: StaffRequest, draft_id: int) -> None:
    """Work on this draft from now on."""
    request.session[_CHOSEN] = draft_id


def save_to_draft(request: StaffRequest, draft: TimetableDraft | None, edit: Edit) -> DraftChange:
    """Raises what `save_edit` raises."""
    change = save_edit(draft, edit, actor=request.user)
    take_up(request, change.draft_id)
    return change


def new_row() -> str:
    """What an address calls something that is not in the timetable yet: sent twice, it is one thing."""
    return f"new-{random_code(8).lower()}"


def row_or_404(text: str) -> str:
    """The id of a row, or what `new_row` made."""
    if not _ROW.fullmatch(text):
        raise Http404
    return text


def seen_step(request: StaffRequest) -> int:
    """The step of the draft that the form was made from; 0 if it was none."""
    return read_int(request.POST.get("seen", ""), most=999_999)
