"""What the desk enters to open a case."""

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.models import Disruption


class CaseForm(forms.Form):
    kind = forms.ChoiceField(label=_("What happens"), choices=Disruption.Kind.choices)
    reason = forms.ChoiceField(label=_("Why"), choices=Disruption.Reason.choices)
    text = forms.CharField(
        label=_("In your words, for the passengers"),
        required=False,
        max_length=300,
        help_text=_("Added to the reason as it stands; it is not translated."),
    )
    is_beyond_control = forms.BooleanField(label=_("Beyond our control"), required=False)
    submission = forms.CharField(widget=forms.HiddenInput, max_length=60)
