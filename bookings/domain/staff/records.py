"""The accounts of the staff as a manager or an auditor looks at them."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from bookings.base.errors import NotFound
from bookings.domain.staff.accounts import last_event
from bookings.domain.staff.second_factor import is_needed
from bookings.models import Shift, StaffEvent, User


def staff_list(*, text: str = "", role: str = "", branch: int | None = None, is_active: bool = True) -> QuerySet[User]:
    """Users by name, with `has_factor`: those whose user name, name or surname begins with `text`."""
    factor = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
    rows = User.objects.select_related("branch").annotate(has_factor=Exists(factor)).filter(is_active=is_active)
    if text:
        rows = rows.filter(Q(username__istartswith=text) | Q(first_name__istartswith=text) | Q(last_name__istartswith=text))
    if role:
        rows = rows.filter(role=role)
    if branch:
        rows = rows.filter(branch=branch)
    return rows.order_by("last_name", "first_name", "pk")


@dataclass(frozen=True)
class StaffRecord:
    user: User
    has_factor: bool
    needs_factor: bool
    shift: Shift | None
    seen: int  # the last event that this page shows
    history: tuple[StaffEvent, ...]  # the latest, newest first

    @property
    def name(self) -> str:
        return self.user.get_full_name() or self.user.username


def staff_record(user_id: int) -> StaffRecord:
    """Raises NotFound."""
    user = User.objects.select_related("branch").filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("There is no such user."))
    return StaffRecord(
        user=user,
        has_factor=TOTPDevice.objects.filter(user=user, confirmed=True).exists(),
        needs_factor=is_needed(user),
        shift=Shift.objects.open_of(user),
        seen=last_event(user),
        history=tuple(user.history.select_related("actor")[:100]),
    )
