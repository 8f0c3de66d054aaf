"""What the desk enters to open a case."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.models import Disruption, Schedule, SeatLayout

Kind = Disruption.Kind


class CaseForm(forms.Form):
    """Of a departure: a cancelled one can only run again."""

    kind = forms.ChoiceField(label=_("What happens"))
    layout = forms.ModelChoiceField(
        SeatLayout.objects.order_by("name"),
        label=_("The other coach"),
        required=False,
        help_text=_("Where the coach is swapped."),
    )
    reason = forms.ChoiceField(label=_("Why"), choices=Disruption.Reason.choices)
    text = forms.CharField(
        label=_("In your words, for the passengers"),
        required=False,
        max_length=300,
        help_text=_("Added to the reason as it stands; it is not translated."),
    )
    is_beyond_control = forms.BooleanField(label=_("Beyond our control"), required=False)
    submission = forms.CharField(widget=forms.HiddenInput, max_length=60)

    def __init__(self, *args: Any, schedule: Schedule, **options: Any) -> None:
        super().__init__(*args, **options)
        is_cancelled = schedule.status == Schedule.Status.CANCELLED
        kinds = (Kind.REINSTATE,) if is_cancelled else (Kind.CANCEL, Kind.SWAP_COACH)
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]
        if is_cancelled:
            del self.fields["layout"]
