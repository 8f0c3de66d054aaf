"""How late a departure is, as somebody types it: minutes, a clock time, or that nobody knows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.errors import Refusal
from bookings.base.text import clean_code
from bookings.domain.disruptions.times import Delay
from bookings.domain.operations.time_changes import TimesPage, minutes_late
from bookings.models import RouteStop, ScheduleChange
from bookings.office.forms.fields import SubmissionField

_CLOCK: Final = re.compile(r"([01]?\d|2[0-3])[:h.]([0-5]\d)", re.ASCII)
_MINUTES: Final = re.compile(r"\+?(\d{1,4})(?: ?min)?", re.ASCII)
_UNKNOWN: Final = ("?", "unknown")
_SHORT: Final = {"class": "code", "autocomplete": "off"}


class DelayForm(forms.Form):
    """From which stop on the coach is how late, of the departure of a page."""

    stop = forms.TypedChoiceField(label=gettext_lazy("From stop"), coerce=int)
    late = forms.CharField(
        label=gettext_lazy("Late"),
        max_length=12,
        help_text=gettext_lazy(
            "Minutes (45), the new time (17:45), 0 for on time again, or ? if nobody knows"
        ),
        widget=forms.TextInput(attrs={**_SHORT, "autofocus": True}),
        error_messages={"required": gettext_lazy("Enter how late the coach is.")},
    )
    news = forms.CharField(
        label=gettext_lazy("Next news at"),
        max_length=5,
        required=False,
        help_text=gettext_lazy("Only if nobody knows: 14:30"),
        widget=forms.TextInput(attrs=_SHORT),
    )
    on_time_from = forms.TypedChoiceField(
        label=gettext_lazy("On time again from"), coerce=int, required=False, empty_value=None
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"), choices=[("", "–"), *ScheduleChange.Reason.choices], required=False
    )
    submission = SubmissionField()

    def __init__(self, data: Any = None, *, page: TimesPage, now: datetime, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self._schedule, self._now = page.schedule, now
        self._calls = {forecast.call.position: forecast.call for forecast in page.calls}
        ahead = [forecast.call for forecast in page.calls if not forecast.is_left]
        choices = _choices(ahead)
        self.fields["stop"].choices = choices  # type: ignore[attr-defined]
        self.fields["on_time_from"].choices = [("", "–"), *choices[1:]]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        call = self._calls.get(data.get("stop", -1))
        if call is None or "late" not in data:
            return data
        typed = clean_code(data["late"]).casefold()
        data["minutes"] = data["next_word_at"] = None
        if typed in _UNKNOWN:
            data["next_word_at"] = self._next_word(call)
        elif match := _MINUTES.fullmatch(typed):
            data["minutes"] = int(match[1])
        elif match := _CLOCK.fullmatch(typed):
            try:
                data["minutes"] = minutes_late(
                    self._schedule.departure_time, call, (int(match[1]), int(match[2]))
                )
            except Refusal as refusal:
                self.add_error("late", refusal.message)
        else:
            self.add_error("late", _("Enter minutes such as 45, a time such as 17:45, or ?."))
        return data

    def _next_word(self, call: RouteStop) -> datetime | None:
        """The next such time by the clock of the stop."""
        match = _CLOCK.fullmatch(clean_code(self.cleaned_data.get("news", "")))
        if match is None:
            self.add_error("news", _("Enter when there will be news, such as 14:30."))
            return None
        local = self._now.astimezone(ZoneInfo(call.stop.time_zone))
        at = local.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
        return at if at > local else at + timedelta(days=1)

    def delay(self) -> Delay:
        data = self.cleaned_data
        return Delay(
            position=data["stop"],
            late_min=data["minutes"],
            next_word_at=data["next_word_at"],
            on_time_from=data["on_time_from"],
            reason=data["reason"],
        )


def _choices(calls: Sequence[RouteStop]) -> list[tuple[str, str]]:
    return [(str(call.position), str(call.stop)) for call in calls]


class SkipForm(forms.Form):
    """A stop that the coach passes by, or calls at again."""

    stop = forms.IntegerField(min_value=0, max_value=32_767)
    skipped = forms.BooleanField(required=False)
    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"), choices=[("", "–"), *ScheduleChange.Reason.choices], required=False
    )
    submission = SubmissionField()
