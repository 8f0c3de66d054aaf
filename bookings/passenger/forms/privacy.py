from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.web.fields import AddressField


class AskForDataForm(forms.Form):
    use_required_attribute = False

    email = AddressField(
        label=_("E-mail address"),
        help_text=_("The one that you gave when you booked"),
        error_messages={"required": _("Please enter your e-mail address.")},
    )


class EraseForm(forms.Form):
    use_required_attribute = False

    is_sure = forms.BooleanField(
        label=_("Yes, erase it. I know that this cannot be undone."),
        error_messages={"required": _("Please tick this box if your personal data are to be erased.")},
    )
