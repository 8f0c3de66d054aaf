"""A draft of the timetable: begun, changed step by step, undone, dropped.

Nothing of it is in the timetable before it is published.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.timetable.drafts.sheets import Json, Sheet, as_plain_json, read_sheet
from bookings.models import DraftChange, TimetableDraft, User


@dataclass(frozen=True)
class Edit:
    """What a form sends: the sheet of a subject, and the step of it that the form was made from (0: none).

    `base` is the published sheet that the subject began with. An empty subject is a new one of the kind.
    """

    kind: str
    subject: str
    sheet: Sheet | None
    seen: int = 0
    base: Sheet | None = None


class DraftChanged(Conflict):
    """Somebody else changed the subject since the form was shown; `latest` is their step."""

    def __init__(self, latest: DraftChange) -> None:
        self.latest = latest
        who = latest.made_by.get_full_name() or latest.made_by.username
        super().__init__(
            _(
                "%(who)s changed this in the draft while you were typing. What you typed is still here: "
                "compare, and save again to put yours in its place."
            )
            % {"who": who}
        )


def open_drafts() -> QuerySet[TimetableDraft]:
    """Neither published nor dropped; the newest first."""
    return TimetableDraft.objects.filter(published_at=None, dropped_at=None).select_related("created_by")


def find_draft(user: User, draft_id: int | None = None) -> TimetableDraft | None:
    """The draft that this user works on: the one they took up, else their own latest that is open."""
    drafts = open_drafts()
    chosen = drafts.filter(pk=draft_id).first() if draft_id else None
    return chosen or drafts.filter(created_by=user).first()


def get_draft(draft_id: int) -> TimetableDraft:
    """Raises NotFound."""
    draft = TimetableDraft.objects.select_related("created_by", "published_by").filter(pk=draft_id).first()
    if draft is None:
        raise NotFound(_("We could not find this draft."))
    return draft


def save_edit(
    draft: TimetableDraft | None, edit: Edit, *, actor: User, now: datetime | None = None
) -> DraftChange:
    """Add a step to the draft; without one, a draft is begun.

    Raises DraftChanged if somebody else changed the subject since the form was made, Conflict if the draft
    has been published or dropped meanwhile: then nothing is saved.
    """
    now = now or database_now()
    with short_transaction():
        draft = (
            lock_draft(draft.pk) if draft else TimetableDraft.objects.create(created_by=actor, created_at=now)
        )
        check_rights(draft, actor)
        latest = draft.changes.filter(subject=edit.subject).last() if edit.subject else None
        if latest and latest.data == as_plain_json(edit.sheet) and latest.made_by_id == actor.pk:
            return latest  # the form was sent twice
        if latest and latest.number != edit.seen:
            raise DraftChanged(latest)
        draft.version += 1
        draft.save(update_fields=["version"])
        return DraftChange.objects.create(
            draft=draft,
            number=draft.version,
            kind=edit.kind,
            subject=edit.subject or f"{edit.kind}:new-{draft.version}",
            data=edit.sheet.as_json() if edit.sheet else None,
            base=latest.base if latest else edit.base and edit.base.as_json(),
            made_by=actor,
            made_at=now,
        )


def undo_latest(draft_id: int, *, number: int, actor: User) -> DraftChange:
    """Take the latest step back, which must still be the one of this number: else Conflict."""
    with short_transaction():
        draft = lock_draft(draft_id)
        check_rights(draft, actor)
        latest = draft.changes.last()
        if latest is None or latest.number != number:
            raise Conflict(_("The draft has changed since you looked at it. Look again, then undo."))
        latest.delete()
        return latest


def drop_draft(draft_id: int, *, actor: User, now: datetime | None = None) -> None:
    """Give up all that is in the draft; it stays to be looked at. Conflict if it was published meanwhile."""
    with short_transaction():
        check_rights(lock_draft(draft_id), actor)
        TimetableDraft.objects.filter(pk=draft_id).update(dropped_at=now or database_now())


def lock_draft(draft_id: int) -> TimetableDraft:
    """The draft, locked until the transaction ends. NotFound without one, Conflict if it is not open."""
    draft = TimetableDraft.objects.select_for_update(no_key=True).filter(pk=draft_id).first()
    if draft is None:
        raise NotFound(_("We could not find this draft."))
    if not draft.is_open:
        raise Conflict(
            _("This draft was published or discarded in the meantime. What you typed is still here.")
        )
    return draft


def check_rights(draft: TimetableDraft, actor: User) -> None:
    """Refusal: a dispatcher works on own drafts alone."""
    if actor.role == User.Role.DISPATCHER and draft.created_by_id != actor.pk:
        raise Refusal(_("Only managers can work on drafts of other people."))


def current_changes(draft: TimetableDraft) -> list[DraftChange]:
    """The step that counts of each subject, in the order in which the draft took them up; one query."""
    latest: dict[str, DraftChange] = {}
    for change in draft.changes.select_related("made_by").order_by("number"):
        latest[change.subject] = change
    return [change for change in latest.values() if change.data is not None]


def find_change(draft: TimetableDraft | None, subject: str) -> DraftChange | None:
    """The latest step of this subject; one query, none without a draft."""
    return draft.changes.filter(subject=subject).last() if draft else None


def sheet_of(change: DraftChange | None) -> Sheet | None:
    """What the step says; None if it took its subject out of the draft."""
    data: Json | None = change.data if change else None
    return read_sheet(change.kind, data) if change and data is not None else None
