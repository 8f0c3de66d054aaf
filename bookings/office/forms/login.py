from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bookings.models import User


class _Password(forms.CharField):
    def __init__(self, label: str, *, autocomplete: str = "current-password", **options: object) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
        super().__init__(label=label, strip=False, max_length=200, widget=widget, **options)


class _Code(forms.CharField):
    """A code of the app, or a recovery code."""

    def __init__(self, label: str, **options: object) -> None:
        attrs = {"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false", "class": "code"}
        super().__init__(label=label, max_length=20, widget=forms.TextInput(attrs=attrs), **options)


class LoginForm(AuthenticationForm):
    """One answer for a wrong name, a wrong password and a disabled user."""

    error_messages = {
        "invalid_login": _("This name and password do not belong together. Mind capital letters."),
        "inactive": _("This name and password do not belong together. Mind capital letters."),
    }

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name")
        self.fields["username"].widget.attrs |= {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        if self["username"].value():  # it is the password that is typed again
            del self.fields["username"].widget.attrs["autofocus"]
            self.fields["password"].widget.attrs["autofocus"] = True


class CodeForm(forms.Form):
    code = _Code(_("Code"))

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["autofocus"] = True


class OwnProofForm(forms.Form):
    """The user proves that it is still them who sit there. The code is asked of those who have a second factor."""

    password = _Password(_("Your password"))
    code = _Code(_("Code of your app, or a recovery code"), required=False)

    def __init__(self, *args: object, asks_code: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if not asks_code:
            del self.fields["code"]


class PasswordForm(OwnProofForm):
    new_password = _Password(_("New password"), autocomplete="new-password", help_text=" ".join(password_validators_help_texts()))
    again = _Password(_("New password, again"), autocomplete="new-password")
    field_order = ["password", "code", "new_password", "again"]

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> None:
        password, again = self.cleaned_data.get("new_password"), self.cleaned_data.get("again")
        if password and again and password != again:
            self.add_error("again", _("The two new passwords differ."))
        elif password:
            try:
                validate_password(password, self.user)
            except ValidationError as error:
                self.add_error("new_password", error)
