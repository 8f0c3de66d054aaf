"""What a request says that we do not know is refused by name, not taken and forgotten.

Requests of keys made before this rule are answered with a warning until `ApiKey.lenient_until`.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import http_date
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request

from bookings.models import ApiKey
from bookings.models.partners import LENIENCY

_MOST_NAMED: Final = 100
_LISTS: Final = frozenset({"fields"})  # may be given one by one
_NAME_LENGTH: Final = 60
_NOT_PLAIN: Final = re.compile(r"[^ !#-\[\]-~]")  # what may not stand in the quotes of a header

Errors = dict[str, list[str]]


def unknown_parameters(request: Request, known: Collection[str]) -> Errors:
    """Errors by name of the parameters of the address that are not `known`, or of which all but one would be
    forgotten.
    """
    sent = request.query_params
    there_are = (
        _("There is no such parameter here. Choose from %(known)s.") % {"known": ", ".join(known)}
        if known
        else _("There is no such parameter here; this address takes none.")
    )
    twice = (name for name in sent if name in known and name not in _LISTS and len(sent.getlist(name)) > 1)
    return {
        **_errors((name for name in sent if name not in known), there_are),
        **_errors(twice, _("Give this parameter once.")),
    }


def unknown_fields(form: serializers.BaseSerializer, sent: Any) -> Errors:
    """Errors by path (`passengers.0.title`) of what was sent at any depth and is no field of the form."""
    return _errors(_unknown_paths(form, sent), _("There is no such field."))


def _errors(names: Iterator[str], message: str) -> Errors:
    return {name[:_NAME_LENGTH]: [message] for name, _index in zip(names, range(_MOST_NAMED), strict=False)}


def _unknown_paths(field: object, sent: Any, path: str = "") -> Iterator[str]:
    if isinstance(field, serializers.Serializer) and isinstance(sent, Mapping):
        for name, value in sent.items():
            if name in field.fields:
                yield from _unknown_paths(field.fields[name], value, f"{path}{name}.")
            else:
                yield f"{path}{name}"
    elif isinstance(field, serializers.ListSerializer | serializers.ListField) and isinstance(sent, Sequence):
        for index, value in enumerate(sent):
            yield from _unknown_paths(field.child, value, f"{path}{index}.")


def is_lenient(key: ApiKey) -> bool:
    return key.lenient_until is not None and timezone.now() < key.lenient_until


def forgive(request: Request, key: ApiKey, unknown: Errors) -> None:
    """Remember what a lenient key's request said in vain, for `warn`."""
    marked: Any = request
    marked.ignored = {**getattr(request, "ignored", {}), **unknown}
    marked.ignored_until = key.lenient_until


def warn(request: Request, response: HttpResponse) -> None:
    """Say in headers what was ignored, and until when it will be."""
    ignored, until = getattr(request, "ignored", None), getattr(request, "ignored_until", None)
    if not ignored or until is None:
        return
    names = _NOT_PLAIN.sub("?", ", ".join(ignored))[:400]
    response["Warning"] = f'299 - "Ignored, and refused from {until:%Y-%m-%d} on: {names}"'
    response["Deprecation"] = f"@{int((until - LENIENCY).timestamp())}"
    response["Sunset"] = http_date(until.timestamp())
