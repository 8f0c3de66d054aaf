"""Signing in: name and password, then a code of those who have a second factor."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from bookings.office.forms.fields import CodeField


class LoginForm(AuthenticationForm):
    """One answer for a wrong name, a wrong password and a disabled user."""

    error_messages = {
        "invalid_login": _("The user name or password is incorrect. Passwords are case-sensitive."),
        "inactive": _("The user name or password is incorrect. Passwords are case-sensitive."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name")
        self.fields["username"].widget.attrs |= {
            "autocomplete": "username",
            "autocapitalize": "none",
            "spellcheck": "false",
        }
        if self["username"].value():  # it is the password that is typed again
            del self.fields["username"].widget.attrs["autofocus"]
            self.fields["password"].widget.attrs["autofocus"] = True


class SecondFactorForm(forms.Form):
    code = CodeField(_("Code"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["autofocus"] = True
