"""What the desk enters to open a case."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.domain.disruptions.cases import CaseRequest, list_relief_coaches
from bookings.domain.timetable.leavings import passed_position
from bookings.domain.timetable.segments import route_calls
from bookings.models import City, Disruption, Schedule, SeatLayout, Stop

Kind = Disruption.Kind
_MOMENT = "%Y-%m-%dT%H:%M"


# What a case of this kind needs to know besides
_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    Kind.SWAP_COACH: ("layout",),
    Kind.RELIEF: ("target",),
    Kind.RETIME: ("departs_at",),
    Kind.SKIP_STOP: ("position",),
    Kind.MOVE_STOP: ("position", "stop"),
    Kind.SHORT_TURN: ("position",),
    Kind.BREAKDOWN: ("position", "target"),
    Kind.CLOSURE: ("city", "since"),
}
_POSITION_LABELS: Final = {
    Kind.SKIP_STOP: _("Which stop"),
    Kind.MOVE_STOP: _("Which stop"),
    Kind.SHORT_TURN: _("Where the coach ends"),
    Kind.BREAKDOWN: _("Where the passengers go on from"),
}


def possible_kinds(schedules: Sequence[Schedule], *, has_place: bool = False) -> list[Kind]:
    """What can happen to these departures as they are; those that are shown together only together. At a
    closed place they need not be cancelled.
    """
    if has_place:
        return [Kind.CANCEL, Kind.CLOSURE]
    states = {schedule.status for schedule in schedules}
    if Schedule.Status.CANCELLED in states:
        return [Kind.REINSTATE]
    if len(schedules) > 1:
        return [Kind.CANCEL]
    if states == {Schedule.Status.DEPARTED}:
        kinds = [Kind.BREAKDOWN, Kind.SKIP_STOP, Kind.SHORT_TURN]
        relief = [Kind.RELIEF] if list_relief_coaches(schedules[0]) else []
        return [*kinds, *relief, Kind.INCIDENT]
    if states == {Schedule.Status.ARRIVED}:
        return [Kind.INCIDENT]
    kinds = [Kind.CANCEL, Kind.RETIME, Kind.SWAP_COACH, Kind.SKIP_STOP, Kind.MOVE_STOP, Kind.SHORT_TURN]
    relief = [Kind.RELIEF] if list_relief_coaches(schedules[0]) else []
    return [*kinds, *relief, Kind.INCIDENT]


class CaseForm(forms.Form):
    """What a case of one kind is about; without a kind it is not shown."""

    kind = forms.ChoiceField(widget=forms.HiddenInput)
    layout = forms.ModelChoiceField(
        SeatLayout.objects.order_by("name"), label=_("The other coach"), required=False
    )
    target = forms.TypedChoiceField(label=_("The relief coach"), required=False, coerce=int, empty_value=None)
    position = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)
    stop = forms.ModelChoiceField(
        Stop.objects.none(), label=_("Where the coach calls instead"), required=False
    )
    departs_at = forms.DateTimeField(
        label=_("New time of departure"),
        required=False,
        input_formats=[_MOMENT, "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MOMENT),
    )
    city = forms.ModelChoiceField(City.objects.all(), to_field_name="slug", widget=forms.HiddenInput)
    since = forms.DateTimeField(input_formats=[_MOMENT, "%Y-%m-%d %H:%M"], widget=forms.HiddenInput)
    reason = forms.ChoiceField(label=_("Why"), choices=Disruption.Reason.choices)
    text = forms.CharField(
        label=_("Message to the passengers (optional)"),
        required=False,
        max_length=300,
        help_text=_("Shown beside the reason as you type it; it is not translated."),
    )
    is_beyond_control = forms.BooleanField(label=_("Beyond our control"), required=False)
    submission = forms.CharField(widget=forms.HiddenInput, max_length=60)

    def __init__(self, *args: Any, schedules: Sequence[Schedule], kind: str, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        kinds = {*possible_kinds(schedules, has_place=kind == Kind.CLOSURE), kind}
        fields["kind"].choices = [(one, one) for one in sorted(kinds)]
        needed = _FIELDS.get(kind, ())
        for name in ("layout", "target", "position", "stop", "departs_at", "city", "since"):
            if name not in needed:
                del fields[name]
        if "position" in needed:
            self._choose_stop(schedules[0], kind)
        if "target" in needed:
            coaches = list_relief_coaches(schedules[0])
            fields["target"].choices = [
                ("", ""),
                *((coach.pk, _("coach %d") % coach.coach) for coach in coaches),
            ]
            if kind == Kind.BREAKDOWN:
                fields["target"].label = _("The other vehicle (optional)")
                fields["target"].help_text = _(
                    "Put it on as a relief coach first. Without one, the next coaches take the passengers."
                )
        if "departs_at" in needed:
            first = route_calls(schedules[0].route_id)[0].stop
            zone = ZoneInfo(first.time_zone)
            fields["departs_at"].help_text = _("By the clock of %(stop)s.") % {"stop": first}
            fields["departs_at"].initial = schedules[0].departure_time.astimezone(zone).replace(tzinfo=None)

    def _choose_stop(self, schedule: Schedule, kind: str) -> None:
        fields: dict[str, Any] = self.fields
        calls = route_calls(schedule.route_id)
        ahead = [call for call in calls if call.position >= passed_position(schedule)]
        ends_early = kind in (Kind.SHORT_TURN, Kind.BREAKDOWN)
        fields["position"].label = _POSITION_LABELS[Kind(kind)]
        fields["position"].choices = [
            ("", ""),
            *((call.position, str(call.stop)) for call in (ahead[:-1] if ends_early else ahead)),
        ]
        if "stop" in fields:
            cities = [call.stop.city_id for call in calls]
            fields["stop"].queryset = Stop.objects.filter(city__in=cities).select_related("city")

    def case_request(self, schedules: Sequence[Schedule]) -> CaseRequest:
        """Of a valid form."""
        data = self.cleaned_data
        layout, stop, departs_at = data.get("layout"), data.get("stop"), data.get("departs_at")
        if departs_at:  # typed by the clock of the first stop
            zone = ZoneInfo(route_calls(schedules[0].route_id)[0].stop.time_zone)
            departs_at = departs_at.replace(tzinfo=zone)
        return CaseRequest(
            data["kind"],
            tuple(schedule.pk for schedule in schedules),
            data["reason"],
            data["text"],
            is_beyond_control=data["is_beyond_control"],
            layout_id=layout.pk if layout else None,
            target_id=data.get("target"),
            position=data.get("position"),
            stop_id=stop.pk if stop else None,
            departs_at=departs_at,
            city_id=data["city"].pk if data.get("city") else None,
            since=data.get("since"),
        )


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MOMENT)
    return forms.DateTimeField(label=label, input_formats=[_MOMENT, "%Y-%m-%d %H:%M"], widget=widget)


class PassingForm(forms.Form):
    """A place on the road and a time."""

    city = forms.ModelChoiceField(City.objects.order_by("name"), label=_("Place"), to_field_name="slug")
    start = _moment(_("From"))
    end = _moment(_("Until"))

    def window(self) -> tuple[str, datetime, datetime]:
        data = self.cleaned_data
        return data["city"].slug, data["start"], data["end"]
