"""What the desk enters to open a case."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.domain.disruptions.cases import list_relief_coaches
from bookings.models import City, Disruption, Schedule, SeatLayout

Kind = Disruption.Kind
_MOMENT = "%Y-%m-%dT%H:%M"


class CaseForm(forms.Form):
    """Of departures: a cancelled one can only run again, several together are cancelled together."""

    kind = forms.ChoiceField(label=_("What happens"))
    layout = forms.ModelChoiceField(
        SeatLayout.objects.order_by("name"),
        label=_("The other coach"),
        required=False,
        help_text=_("Only for a swap of the coach."),
    )
    target = forms.TypedChoiceField(label=_("The relief coach"), required=False, coerce=int, empty_value=None)
    reason = forms.ChoiceField(label=_("Why"), choices=Disruption.Reason.choices)
    text = forms.CharField(
        label=_("Message to the passengers (optional)"),
        required=False,
        max_length=300,
        help_text=_("Shown beside the reason as you type it; it is not translated."),
    )
    is_beyond_control = forms.BooleanField(label=_("Beyond our control"), required=False)
    submission = forms.CharField(widget=forms.HiddenInput, max_length=60)

    def __init__(self, *args: Any, schedules: Sequence[Schedule], **options: Any) -> None:
        super().__init__(*args, **options)
        coaches = list_relief_coaches(schedules[0]) if len(schedules) == 1 else []
        fields: dict[str, Any] = self.fields
        kinds = [Kind.CANCEL]
        if len(schedules) == 1:
            kinds.append(Kind.SWAP_COACH)
        if coaches:
            kinds.append(Kind.RELIEF)
        if any(schedule.status == Schedule.Status.CANCELLED for schedule in schedules):
            kinds = [Kind.REINSTATE]
        fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]
        fields["target"].choices = [("", ""), *((coach.pk, _("coach %d") % coach.coach) for coach in coaches)]
        for name, kind in (("layout", Kind.SWAP_COACH), ("target", Kind.RELIEF)):
            if kind not in kinds:
                del fields[name]


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
