"""Cities and stops as people type them: a field, what it offers, what a page says of a guess."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bookings.domain.network.places import Place, UnknownPlace, get_likely_place


class PlaceField(forms.CharField):
    """A city or stop: one of its names, a slip of the pen that can mean only one, or the ref that an address
    carries.
    """

    def clean(self, value: Any) -> Place:
        try:
            return self.read(super().clean(value))
        except UnknownPlace as unknown:
            raise ValidationError(unknown.message, params={"candidates": unknown.candidates}) from unknown

    def read(self, text: str) -> Place:
        """Raises UnknownPlace."""
        return get_likely_place(text)


class PlaceChoice(NamedTuple):
    place: Place
    address: str


def place_choices(form: forms.Form, address: Callable[[str, str], str]) -> dict[str, list[PlaceChoice]]:
    """By field, what a name that is refused may have meant, with the `address` for the field and its ref."""
    return {
        name: [
            PlaceChoice(place, address(name, place.ref))
            for error in errors
            for place in (error.params or {}).get("candidates", ())
        ]
        for name, errors in form.errors.as_data().items()
    }


def place_notes(form: forms.Form) -> list[str]:
    """What a page says of the places of a valid form that were found by another name, or guessed."""
    places = (value for value in form.cleaned_data.values() if isinstance(value, Place))
    return [note for note in map(place_note, places) if note]


def place_note(place: Place) -> str:
    """Empty for a place that was found by its own name."""
    parts = {"name": place.name, "other": place.other_name, "typed": place.guessed_from[:60]}
    if place.guessed_from and place.other_name:
        return _("Showing %(name)s, also known as %(other)s, for “%(typed)s”.") % parts
    if place.guessed_from:
        return _("Showing %(name)s for “%(typed)s”.") % parts
    return _("Showing %(name)s, also known as %(other)s.") % parts if place.other_name else ""
