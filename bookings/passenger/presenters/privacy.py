"""What is kept about people, in plain words."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.domain.privacy.personal_fields import PERSONAL_FIELDS, Purpose


class RetentionRow(NamedTuple):
    purpose: str
    fields: str
    how_long: str


def retention_rows() -> list[RetentionRow]:
    """One row for each purpose that concerns passengers, from the list of personal fields."""
    return [
        RetentionRow(str(purpose.value), ", ".join(labels), _how_long(purpose))
        for purpose in Purpose
        if purpose not in (Purpose.WORK, Purpose.SECURITY)
        and (labels := dict.fromkeys(str(row.label) for row in PERSONAL_FIELDS if row.purpose == purpose))
    ]


def _how_long(purpose: Purpose) -> str:
    if purpose == Purpose.TAX:
        return _years(settings.INVOICE_YEARS)
    return _("%(months)d months after the trip") % {"months": settings.PERSONAL_DATA_MONTHS}


def _years(years: int) -> str:
    return ngettext("%(years)d year", "%(years)d years", years) % {"years": years}
