from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.base.errors import Refusal
from bookings.domain.privacy.subjects import Subject, read_subject


class SubjectForm(forms.Form):
    """Whose data; `subject` is it once the form is valid."""

    use_required_attribute = False
    subject = Subject()

    contact = forms.CharField(
        label=_("E-mail address or telephone"),
        max_length=254,
        error_messages={"required": _("Please enter an e-mail address or a telephone number.")},
    )
    is_sure = forms.BooleanField(
        label=_("The person is here, and I have seen who they are. This cannot be undone."), required=False
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if contact := data.get("contact"):
            try:
                self.subject = read_subject(contact)
            except Refusal as refusal:
                self.add_error("contact", refusal.message)
        if self.data.get("action") == "erase" and not data.get("is_sure"):
            self.add_error("is_sure", _("Please tick this box if the personal data are to be erased."))
        return data
