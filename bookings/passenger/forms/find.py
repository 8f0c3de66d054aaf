from collections.abc import Mapping

from django import forms
from django.utils.translation import gettext as _


class FindForm(forms.Form):
    """What a traveller knows of a booking.

    `use_required_attribute` off: the page says in its own words what is missing.
    """

    use_required_attribute = False

    def __init__(
        self, data: Mapping[str, str] | None = None, *, initial: dict[str, str] | None = None
    ) -> None:
        super().__init__(data, auto_id="find-%s", initial=initial)
        self.fields["reference"] = forms.CharField(
            label=_("Booking reference"),
            max_length=40,
            help_text=_("Eight letters and digits, from your e-mail."),
            widget=forms.TextInput(
                {
                    "autocomplete": "off",
                    "autocapitalize": "characters",
                    "spellcheck": "false",
                    "class": "code",
                }
            ),
            error_messages={"required": _("Please enter the reference.")},
        )
        self.fields["proof"] = forms.CharField(
            label=_("Surname or e-mail"),
            max_length=254,
            help_text=_("Of any passenger, or the address the tickets were sent to."),
            widget=forms.TextInput({"autocomplete": "family-name", "spellcheck": "false"}),
            error_messages={"required": _("Please enter a surname or an e-mail address.")},
        )
