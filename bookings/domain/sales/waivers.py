"""Why a fee may be waived. A coded reason and a second person, both kept in the history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.errors import Refusal
from bookings.domain.sales.approvals import check_approver
from bookings.models import User


class WaiverReason(models.TextChoices):
    DEATH = "death", gettext_lazy("death of the traveller")
    HOSPITAL = "hospital", gettext_lazy("traveller in hospital")
    OPERATOR = "operator", gettext_lazy("our own fault")
    MISTAKE = "mistake", gettext_lazy("mistake at the sale")
    GOODWILL = "goodwill", gettext_lazy("goodwill")


@dataclass(frozen=True)
class Waiver:
    """A fee that is not charged. `approver` has proved who they are."""

    reason: str
    approver: User
    note: str = ""

    def check(self, actor: User | None, *, now: datetime) -> None:
        """Raises Refusal unless the reason is known and the approver somebody else who may decide this."""
        if self.reason not in WaiverReason.values:
            raise Refusal(_("Choose why the fee is waived."))
        check_approver(self.approver, actor, now=now)

    @property
    def text(self) -> str:
        return f"fee waived: {self.reason}" + (f", {self.note}" if self.note else "")
