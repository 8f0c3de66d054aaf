"""A new password of the user's own choice."""

from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bookings.office.forms.fields import PasswordField
from bookings.office.forms.reauthentication import ReauthenticationForm


class PasswordForm(ReauthenticationForm):
    new_password = PasswordField(
        _("New password"), autocomplete="new-password", help_text=" ".join(password_validators_help_texts())
    )
    again = PasswordField(_("New password, again"), autocomplete="new-password")
    field_order = ["password", "code", "new_password", "again"]

    def clean(self) -> None:
        password, again = self.cleaned_data.get("new_password"), self.cleaned_data.get("again")
        if password and again and password != again:
            self.add_error("again", _("The two new passwords differ."))
        elif password:
            try:
                validate_password(password, self.user)
            except ValidationError as error:
                self.add_error("new_password", error)
