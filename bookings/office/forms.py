from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _


class LoginForm(AuthenticationForm):
    """One answer for a wrong name, a wrong password and a disabled user."""

    error_messages = {
        "invalid_login": _("This name and password do not belong together. Mind capital letters."),
        "inactive": _("This name and password do not belong together. Mind capital letters."),
    }

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name")
        self.fields["username"].widget = forms.TextInput(attrs={"autofocus": True, "autocomplete": "username", "autocapitalize": "none"})
