"""What an answer shows: all of its fields, or those that `?fields=` names."""

from collections.abc import Callable, Collection
from datetime import MAXYEAR, MINYEAR, datetime
from functools import cached_property
from typing import Any, Final

from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request


class LocalTime(serializers.DateTimeField):
    """A moment by the clock of the stop where it happens, with the offset of that clock."""

    def to_representation(self, value: datetime | str) -> str:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.isoformat(timespec="seconds")


class MomentSent(serializers.DateTimeField):
    """A moment as RFC 3339 writes it, in any case; nobody can ask beyond the calendar."""

    def to_internal_value(self, value: Any) -> datetime:
        return super().to_internal_value(value.upper() if isinstance(value, str) else value)

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.year in (MINYEAR, MAXYEAR):  # which no other zone may have
            value = value.replace(year=MINYEAR + 1 if value.year == MINYEAR else MAXYEAR - 1, day=1)
        return super().enforce_timezone(value)


BY_RULE: Final = "rule"  # the code of an error that no schema can tell
_AMOUNT: Final = {"type": "string", "format": "decimal"}


@extend_schema_field({**_AMOUNT, "pattern": r"^-?[0-9]{1,10}\.[0-9]{2}$"})
class Amount(serializers.DecimalField):
    """Rand with cents, as text: "600.00"."""


@extend_schema_field({**_AMOUNT, "pattern": r"^[0-9]{1,10}(\.[0-9]{1,2})?$"})
class AmountRequest(serializers.DecimalField):
    """The same, sent: never below 0."""


def money(**options: Any) -> Amount:
    return Amount(max_digits=12, decimal_places=2, **options)


def money_sent(**options: Any) -> AmountRequest:
    return AmountRequest(max_digits=12, decimal_places=2, min_value=0, **options)


class Shown(serializers.Serializer):
    """Something that is answered. `only` names the fields to show; None shows all.

    The document names it like the class without Shape; what was renamed since keeps its name there by
    extend_schema_serializer.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__doc__ = cls.__dict__.get("__doc__") or ""  # the document would quote ours
        extend_schema_serializer(component_name=cls.__name__.removesuffix("Shape"))(cls)

    def __init__(self, *args: Any, only: Collection[str] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if only is not None:
            for name in set(self.fields) - set(only):
                self.fields.pop(name)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """As its parent's, without asking in each row anew which fields are read and what they are."""
        row = {}
        for name, source, represent in self._shown:
            value = source(instance)
            row[name] = None if value is None else represent(value)
        return row

    @cached_property
    def _shown(self) -> list[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]]:
        shown = [(field.field_name or "", field) for field in self.fields.values() if not field.write_only]
        return [(name, field.get_attribute, field.to_representation) for name, field in shown]


class PlaceText(serializers.CharField):
    """A place by name. What answers call `origin` is read back too, whole: its `ref` counts.

    What no place is called, blanks too, is no such place (404).
    """

    def __init__(self, **options: Any) -> None:
        printable = RegexValidator(r"^[^\x00]+$")
        super().__init__(max_length=160, trim_whitespace=False, validators=[printable], **options)

    def to_internal_value(self, data: Any) -> str:
        text: Any = data.get("ref") if isinstance(data, dict) else data
        return super().to_internal_value(text)


class PointShape(Shown):
    """Where a ride begins or ends; `origin` and `destination` have this one shape in every answer."""

    ref = serializers.CharField(help_text="Names this stop in a quote, a seat map or a departure")
    stop = serializers.CharField()
    city = serializers.CharField()
    city_slug = serializers.CharField()
    time = LocalTime(
        allow_null=True, help_text="Planned local time at the stop; null on a route, which has no date"
    )
    expected_time = LocalTime(
        allow_null=True,
        help_text="The planned time, or the later one that passengers are told; null while nobody knows",
    )
    news_at = LocalTime(allow_null=True, help_text="When there will be news of a delay that nobody knows")
    is_skipped = serializers.BooleanField(help_text="The coach does not stop here")


class EndShape(PointShape):
    """A point of a ride that is sold: its time is known."""

    time = LocalTime()


def chosen(request: Request, shown: type[Shown]) -> list[str] | None:
    """The fields that the request asks for. Raises ValidationError for one that there is not."""
    texts = request.query_params.getlist("fields")  # one with commas, or as some clients do, one each
    if not texts:
        return None
    names, known = [name.strip() for text in texts for name in text.split(",")], list(shown().fields)
    if unknown := sorted({name[:40] for name in names if name not in known}):
        facts = {"unknown": ", ".join(unknown)[:200], "known": ", ".join(known)}
        raise ValidationError(
            {"fields": _("There is no field “%(unknown)s”. Choose from %(known)s.") % facts}
        )
    return names
