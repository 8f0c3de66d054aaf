import gzip
import re
from pathlib import Path
from typing import Final

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from bookings.tests.passenger.timetable import make_day, search_address

pytestmark = pytest.mark.django_db
ALLOWED: Final = 60_000  # bytes of a first visit: the page and all that it links


def compressed(content: bytes) -> int:
    return len(gzip.compress(content, 6))


def files_of(html: str) -> set[Path]:
    """The static files that a page links, with the pictures that its styles name."""
    names = set(re.findall(r'(?:href|src)="/static/([^"#]+)', html))
    paths = {Path(finders.find(name)) for name in names}
    for sheet in [path for path in paths if path.suffix == ".css"]:
        paths |= {
            (sheet.parent / name).resolve() for name in re.findall(r"url\(([^)]+)\)", sheet.read_text())
        }
    return paths


@pytest.mark.parametrize("address", ["/", "/search/"])
def test_a_first_visit_weighs_little(client: Client, address: str) -> None:
    make_day(*range(1, 21))

    page = client.get(address, search_address() if address == "/search/" else None)

    files = files_of(page.content.decode())
    weight = compressed(page.content) + sum(compressed(path.read_bytes()) for path in files)
    assert {"falcon.css", "search.css", "falcon.js", "htmx-2.min.js"} <= {path.name for path in files}
    assert weight < ALLOWED
