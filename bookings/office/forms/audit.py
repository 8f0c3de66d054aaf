"""Which acts of people are listed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from bookings.domain.reconciliation.days import business_day
from bookings.domain.reports.audit_list import AUDIT_BOOKS, AuditQuery, find_members
from bookings.domain.reports.periods import MOST_DAYS, ReportPeriod
from bookings.office.presenters.audit import BOOKS
from bookings.web.fields import DayField

USUAL_DAYS: Final = 30
# Things whose history a page of theirs leads to
_THINGS: Final = {
    "booking": _("one booking"),
    "departure": _("one departure"),
    "member": _("one account"),
    "voucher": _("one voucher"),
    "stop": _("one stop"),
    "city": _("one city"),
    "route": _("one route"),
    "service": _("one service"),
    "fares": _("the fares of one route"),
    "layout": _("one seat layout"),
    "coach": _("one coach"),
    "setting": _("one setting"),
}


class AuditFilter(forms.Form):
    """The days, the last thirty unless said; of one thing all days."""

    q = forms.CharField(label=_("Search"), required=False, max_length=100)
    first = DayField(label=_("From"), required=False)
    last = DayField(label=_("Until"), required=False)
    person = forms.ChoiceField(label=_("Who"), required=False)
    kind = forms.ChoiceField(label=_("What of"), required=False, choices=[("", _("all")), *BOOKS.items()])
    about = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        people = [("", _("anybody")), *((str(pk), name) for pk, name in find_members())]
        self.fields["person"].choices = people  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day is before the first day."))
        elif first and last and (last - first).days >= MOST_DAYS:
            self.add_error("last", _("Choose at most %(days)d days.") % {"days": MOST_DAYS})
        return cleaned

    @cached_property
    def query(self) -> AuditQuery:
        given = self.cleaned_data
        kind, _colon, number = given["about"].partition(":")
        about = (kind, int(number)) if kind in _THINGS and number.isascii() and number.isdecimal() else None
        person = int(given["person"]) if given["person"] else None
        kinds = (given["kind"],) if given["kind"] in AUDIT_BOOKS else ()
        return AuditQuery(
            self._period(is_of_thing=about is not None), kinds, person, about, given["q"].strip()
        )

    def _period(self, *, is_of_thing: bool) -> ReportPeriod | None:
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if not first and not last and is_of_thing:
            return None
        last = last or (first + timedelta(days=USUAL_DAYS) if first else business_day(timezone.now()))
        return ReportPeriod(first or last - timedelta(days=USUAL_DAYS), last)

    @property
    def title(self) -> str:
        """What the list is of, where it is of one thing."""
        about = self.query.about
        return str(_THINGS[about[0]]) if about else ""
