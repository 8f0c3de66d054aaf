from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.domain.timetable.segments import SegmentRef
from bookings.web.fields import AddressField


class JoinForm(forms.Form):
    """Where to mail, and which departures will do: the one of the page, and others of its day."""

    use_required_attribute = False

    email = AddressField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("We mail you as soon as seats for all of you come free."),
        error_messages={"required": _("Please enter your e-mail address.")},
    )
    departures = forms.MultipleChoiceField(
        label=_("Which departures will do?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Please choose at least one departure.")},
    )
    submission = forms.CharField(max_length=80, widget=forms.HiddenInput)

    def __init__(self, data: object, *, choices: Sequence[tuple[str, str]], **arguments: object) -> None:
        super().__init__(data, **arguments)  # type: ignore[arg-type]  # as Django's own
        self.fields["departures"].choices = choices  # type: ignore[attr-defined]  # of a choice field

    @property
    def segments(self) -> list[SegmentRef]:
        refs = (SegmentRef.read(text) for text in self.cleaned_data["departures"])
        return [ref for ref in refs if ref]
