"""The accounts of the staff as a manager or an auditor reads them.

The list, and one account with its history.
"""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from bookings.base.errors import NotFound
from bookings.domain.staff.accounts import find_last_event_id
from bookings.domain.staff.second_factor import is_needed
from bookings.models import Branch, Shift, StaffEvent, User


@dataclass(frozen=True)
class StaffQuery:
    """Which accounts to list: user name, first name or surname begin with `text`."""

    text: str = ""
    role: str = ""
    branch: Branch | None = None
    is_active: bool = True


def list_staff(query: StaffQuery) -> QuerySet[User]:
    """Accounts by surname, each with `has_factor`."""
    factor = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
    rows = (
        User.objects.select_related("branch")
        .annotate(has_factor=Exists(factor))
        .filter(is_active=query.is_active)
    )
    if query.text:
        begins = (
            Q(username__istartswith=query.text)
            | Q(first_name__istartswith=query.text)
            | Q(last_name__istartswith=query.text)
        )
        rows = rows.filter(begins)
    if query.role:
        rows = rows.filter(role=query.role)
    if query.branch:
        rows = rows.filter(branch=query.branch)
    return rows.order_by("last_name", "first_name", "pk")


@dataclass(frozen=True)
class StaffRecord:
    """One account: its second factor, its open shift and what happened to it."""

    user: User
    has_factor: bool
    needs_factor: bool
    shift: Shift | None
    last_event_id: int  # a change to the account says that it knew of this event
    history: tuple[StaffEvent, ...]  # the latest, newest first


def get_staff_record(user_id: int) -> StaffRecord:
    """Five queries. Raises NotFound."""
    user = User.objects.select_related("branch").filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("There is no such user."))
    return StaffRecord(
        user=user,
        has_factor=TOTPDevice.objects.filter(user=user, confirmed=True).exists(),
        needs_factor=is_needed(user),
        shift=Shift.objects.open_of(user),
        last_event_id=find_last_event_id(user),
        history=tuple(user.history.select_related("actor")[:100]),
    )
