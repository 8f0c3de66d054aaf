"""What travels: pages packed so that their length tells nothing, static files packed once for ever."""

import gzip
from pathlib import Path
from typing import Any

import brotli
import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.forms import (
    CheckboxInput,
    DateInput,
    EmailInput,
    HiddenInput,
    NumberInput,
    PasswordInput,
    Select,
    TextInput,
)
from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils.safestring import mark_safe
from whitenoise.middleware import WhiteNoiseMiddleware

from bookings.tests.passenger.timetable import make_day, search_address
from bookings.web.forms import ReadyRenderer


@pytest.mark.django_db
@pytest.mark.usefixtures("still")
def test_a_page_is_packed_and_its_length_differs_each_time(client: Client) -> None:
    """Who could make us echo a guess beside a secret must not learn from the length whether it was right
    (BREACH).
    """
    make_day(8)
    plain = client.get("/search/", search_address())

    packed = [
        client.get("/search/", search_address(), headers={"Accept-Encoding": "gzip, br"})
        for _time in range(12)
    ]

    assert {each["Content-Encoding"] for each in packed} == {"gzip"}
    assert {gzip.decompress(each.content) for each in packed} == {plain.content}
    assert len(packed[0].content) < len(plain.content) / 2
    assert len({len(each.content) for each in packed}) > 3
    assert packed[0]["ETag"] == f"W/{plain['ETag']}"  # other bytes, the same page


@pytest.fixture
def static_files(settings: Any, tmp_path: Path) -> Path:
    """One style sheet, as it is collected for the demo and for production."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "page.css").write_text("body { color: black }\n" * 100)
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = str(tmp_path / "static")
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "bookings.web.static_files.StaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path / "static"


def fetch(path: str, **headers: str) -> tuple[HttpResponse, bytes]:
    def nothing(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=404)

    answer = WhiteNoiseMiddleware(nothing)(RequestFactory().get(path, headers=headers))
    body = b"".join(answer.streaming_content)
    if answer.file_to_stream:
        answer.file_to_stream.close()
    return answer, body


@pytest.mark.parametrize(("accepts", "encoding"), [("gzip, br", "br"), ("gzip", "gzip"), ("", "")])
def test_a_static_file_is_kept_for_ever_and_comes_packed(
    static_files: Path, accepts: str, encoding: str
) -> None:
    address = staticfiles_storage.url("page.css")

    answer, body = fetch(address, **({"Accept-Encoding": accepts} if accepts else {}))

    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[encoding]
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "max-age=315360000, public, immutable"
    assert answer.get("Content-Encoding", "") == encoding
    assert answer["Vary"] == "Accept-Encoding"
    assert unpack(body) == (static_files.parent / "source" / "page.css").read_bytes()
    assert not (static_files / "page.css").exists()  # only under the name that changes with it


def test_a_static_file_that_is_there_already_is_not_sent_again(static_files: Path) -> None:
    address = staticfiles_storage.url("page.css")
    first, _body = fetch(address)

    assert fetch(address, **{"If-Modified-Since": first["Last-Modified"]})[0].status_code == 304


_WIDGETS = [
    TextInput({"placeholder": 'City "or" <stop>', "autofocus": True, "hidden": False, "maxlength": 9}),
    NumberInput({"min": 0}),
    DateInput(format="%Y-%m-%d"),
    EmailInput(),
    HiddenInput(),
    PasswordInput(),
    CheckboxInput({"value": 1}),
    Select({"data-x": "1"}, choices=[("", "–"), ("a&b", "A & <b>"), (3, mark_safe("<i>three</i>"))]),
]


@pytest.mark.parametrize("widget", _WIDGETS, ids=lambda widget: type(widget).__name__)
@pytest.mark.parametrize("value", [None, "", "a&b", 3, True])
def test_ready_widgets_are_djangos_own(widget: Any, value: Any) -> None:
    assert widget.render("n<me", value, {"id": "x"}, ReadyRenderer()) == widget.render(
        "n<me", value, {"id": "x"}, DjangoTemplates()
    )
