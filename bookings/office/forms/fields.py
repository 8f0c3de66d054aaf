"""Fields that forms of several features share, each a reader of one kind of value."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from bookings.base.text import clean_text

LONGEST_TEXT: Final = 200  # of any field; more is cut


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


def tidy(data: Mapping[str, str]) -> dict[str, str]:
    """What was typed, of plain characters and no longer than a field may be."""
    return {name: clean_text(str(value))[:LONGEST_TEXT] for name, value in data.items()}
