"""A second person who signs what one alone may not do. They have proved who they are before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.domain.sales.alarms import Alarm
from bookings.models import StaffEvent, User

# Who made an account, or gave it a new password, could sign with it, or act by it and sign as themselves
_OWN_ACCOUNT: Final = timedelta(days=7)


class NeedsApproval(Refusal):
    """What was asked for is allowed with the signature of a second person, and none was given."""

    def __init__(self, message: str, alarm: Alarm | None = None) -> None:
        super().__init__(message)
        self.alarm = alarm


@dataclass(frozen=True)
class Approval:
    """What a second person allows, and why."""

    approver: User
    reason: str

    def check(self, actor: User, *, now: datetime) -> None:
        """Raises Refusal without a reason, and what `check_approver` raises."""
        if not self.reason.strip():
            raise Refusal(_("Enter the reason: it is kept with the approval."))
        check_approver(self.approver, actor, now=now)


def check_approver(approver: User, actor: User | None, *, now: datetime) -> None:
    """Raises Refusal unless `approver` is somebody else who may approve, and neither of the two has made or
    reset the account of the other within a week.
    """
    if not approver.may_approve or not approver.is_active or (actor and approver.pk == actor.pk):
        raise Refusal(_("A supervisor other than yourself has to approve this."))
    if actor is None:
        return
    lately = StaffEvent.objects.filter(at__gt=now - _OWN_ACCOUNT)
    between = lately.filter(Q(user=approver, actor=actor) | Q(user=actor, actor=approver)).first()
    if between is None:
        return
    message = (
        _("You made or reset the account of %(name)s in the last seven days: somebody else must sign.")
        if between.user_id == approver.pk
        else _("%(name)s made or reset your account in the last seven days: somebody else must sign.")
    )
    raise Refusal(message % {"name": approver.display_name})
