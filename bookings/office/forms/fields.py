"""Fields that forms of several features share, each a reader of one kind of value."""

from typing import Any

from django import forms


class PasswordField(forms.CharField):
    """A password as it is typed, blanks and all."""

    def __init__(self, label: Any, *, autocomplete: str = "current-password", **kwargs: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
        super().__init__(label=label, strip=False, max_length=200, widget=widget, **kwargs)


class CodeField(forms.CharField):
    """A code of the app, or a recovery code."""

    def __init__(self, label: Any, **kwargs: Any) -> None:
        attrs = {
            "autocomplete": "one-time-code",
            "autocapitalize": "characters",
            "spellcheck": "false",
            "class": "code",
        }
        super().__init__(label=label, max_length=20, widget=forms.TextInput(attrs=attrs), **kwargs)


class ValuesForm(forms.ModelForm):
    """Fields of a model whose row is written by a verb of domain, which refuses in words.

    Nothing is asked of the database here.
    """

    def clean(self) -> dict[str, Any]:
        return self.cleaned_data


class SubmissionField(forms.CharField):
    """The token by which a form that is sent twice acts once.

    What is missing or odd is refused by `run_once`.
    """

    def __init__(self) -> None:
        super().__init__(max_length=80, required=False, widget=forms.HiddenInput)
