from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.domain.counter.owed_refunds import OwedFor, RefundWay


class OwedFilter(forms.Form):
    """What narrows the list of owed refunds; what makes no sense narrows nothing."""

    way = forms.ChoiceField(label=_("Way"), choices=[("", _("any")), *RefundWay.choices], required=False)
    age = forms.ChoiceField(
        label=_("Owed for"), choices=[("", _("any time")), *OwedFor.choices], required=False
    )

    @property
    def chosen_way(self) -> RefundWay | None:
        return RefundWay(self.cleaned_data["way"]) if self.is_valid() and self.cleaned_data["way"] else None

    @property
    def chosen_age(self) -> OwedFor | None:
        return OwedFor(self.cleaned_data["age"]) if self.is_valid() and self.cleaned_data["age"] else None
