"""A new promo code."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.models import Channel, PromoCode
from bookings.office.forms.fields import ValuesForm
from bookings.web.fields import AmountField


def _day() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class PromoCodeForm(ValuesForm):
    value = AmountField(_("Discount"), min_value=Decimal("0.01"), max_digits=8)
    minimum = AmountField(
        _("Minimum order in rand"), min_value=Decimal(0), max_digits=8, required=False, initial=""
    )
    max_uses = forms.IntegerField(
        label=_("Orders in total"),
        min_value=1,
        max_value=1_000_000,
        required=False,
        help_text=_("Empty: any."),
    )
    max_uses_of_contact = forms.IntegerField(
        label=_("Orders of one e-mail address"),
        min_value=1,
        max_value=1_000_000,
        required=False,
        help_text=_("Empty: any."),
    )
    channels = forms.MultipleChoiceField(
        label=_("Can be used"),
        choices=[
            (Channel.WEB, _("on the website")),
            (Channel.COUNTER, _("at the counter")),
            (Channel.API, _("by partners, through the API")),
        ],
        initial=[Channel.WEB, Channel.COUNTER],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose where the code can be used.")},
    )

    class Meta:
        model = PromoCode
        fields = [
            "code",
            "kind",
            "value",
            "minimum",
            "sale_from",
            "sale_to",
            "travel_from",
            "travel_to",
            "max_uses",
            "max_uses_of_contact",
            "funder",
            "lines",
            "classes",
        ]
        widgets = {
            "code": forms.TextInput(attrs={"autocomplete": "off", "class": "code"}),
            "sale_from": _day(),
            "sale_to": _day(),
            "travel_from": _day(),
            "travel_to": _day(),
            "lines": forms.SelectMultiple(attrs={"size": 4}),
            "classes": forms.CheckboxSelectMultiple,
        }
        help_texts = {"lines": _("None chosen: all."), "classes": _("None chosen: all.")}

    def clean_minimum(self) -> Decimal:
        return self.cleaned_data["minimum"] or Decimal(0)

    def promo(self) -> PromoCode:
        """The row, not yet written."""
        apart = ("lines", "classes", "channels")
        values = {name: value for name, value in self.cleaned_data.items() if name not in apart}
        channels = {f"for_{channel}": channel in self.cleaned_data["channels"] for channel in Channel.values}
        return PromoCode(**values, **channels)
