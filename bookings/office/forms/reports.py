"""Which days, and of which branch."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.domain.reports.periods import MOST_DAYS, Preset, ReportPeriod, preset_period
from bookings.models import Branch
from bookings.web.fields import DayField

PRESET_WORDS = {
    Preset.TODAY: _("Today"),
    Preset.YESTERDAY: _("Yesterday"),
    Preset.THIS_WEEK: _("This week"),
    Preset.LAST_WEEK: _("Last week"),
    Preset.THIS_MONTH: _("This month"),
    Preset.LAST_MONTH: _("Last month"),
}


class PeriodForm(forms.Form):
    """The days of a report, both within, and for who sees all of them the branch."""

    first = DayField(label=_("From"))
    last = DayField(label=_("Until"))
    branch = forms.ChoiceField(label=_("Branch"), required=False)

    def __init__(self, data: Any, *, has_branches: bool) -> None:
        super().__init__(data)
        if has_branches:
            branches = Branch.objects.order_by("name").values_list("pk", "name")
            choices = [
                ("", _("all")),
                ("0", _("none (web and partners)")),
                *((str(pk), name) for pk, name in branches),
            ]
            self.fields["branch"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["branch"]

    @staticmethod
    def of(preset: Preset, today: date) -> dict[str, str]:
        """What is typed for a preset."""
        period = preset_period(preset, today)
        return {"first": period.first.isoformat(), "last": period.last.isoformat()}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day is before the first day."))
        elif first and last and (last - first).days >= MOST_DAYS:
            message = _("Choose at most %(days)d days.") % {"days": MOST_DAYS}
            self.add_error("last", message)
        return cleaned

    @property
    def period(self) -> ReportPeriod:
        return ReportPeriod(self.cleaned_data["first"], self.cleaned_data["last"])

    @property
    def branch_id(self) -> int | None:
        text = self.cleaned_data.get("branch", "")
        return int(text) if text else None
