import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pypdfium2
import pytest
import typst
from fontTools.ttLib import TTFont

from bookings.domain.tickets import typesetting
from bookings.domain.tickets.qr import qr_svg
from bookings.domain.tickets.typesetting import make_pdf, of_thread, printable, source_of
from bookings.tests.pdf_reader import codes_in, fonts_of, pages_of, picture_of

FONTS = Path(typesetting.__file__).parent / "fonts"
CREATED = datetime(2026, 12, 1, 8, tzinfo=UTC)
LABELS = ("reference", "passenger", "seat", "check_in", "spoken_code", "coach", "qr")
TRIP = (
    *("date", "departs", "arrives", "duration", "day_mark", "line", "coach", "check_in"),
    *("board_stop", "board_address", "alight_stop", "alight_address"),
)
TICKET = {"kind": "Adult", "place": "1A", "deck": "", "spoken_code": "K7M", "notes": ""}


def document(*names: str) -> dict[str, Any]:
    """What ticket.typ needs, for a ticket of each name, with hardly any other text."""
    tickets = [TICKET | {"name": name, "qr": qr_svg(f"FBL1.{name}")} for name in names]
    trip = dict.fromkeys(TRIP, "") | {"reference": "7KXM2Q41", "tickets": tickets}
    return {
        "title": "Tickets",
        "company": "Falcon Bus Lines",
        "labels": dict.fromkeys(LABELS, "x"),
        "trips": [trip],
    }


def ticket(*names: str) -> bytes:
    return make_pdf("ticket.typ", document(*names), created=CREATED)


# text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("😀 Thandi 👩‍👩‍👧", "Thandi"),
        ("😀 😀", "?"),
        ("<b>Thandi</b> & Co", "<b>Thandi</b> & Co"),
        ("שלום כהן", "שלום כהן"),
        ("王 小明", "王 小明"),
        ("Ɔkɔ Ɛŋɓa", "Ɔkɔ Ɛŋɓa"),
        ("Nguyễn Thị\u0000 Ánh\u202e", "Nguyễn Thị Ánh"),
        ("Zo\u0308e  van\tWyk", "Zöe van Wyk"),
        ("Ｗｉｄｅ", "Wide"),
        ("ᏣᎳᎩ", "TsaLaGi"),
    ],
)
def test_any_name_can_be_printed(name: str, shown: str) -> None:
    assert printable(name) == shown


def test_letters_that_no_font_has_are_spelled_in_latin_ones() -> None:
    (page,) = pages_of(ticket(printable("ꦗꦮ ᏣᎳᎩ")))

    assert "TsaLaGi" in page
    assert "?" not in page


def test_coverage_lists_the_characters_of_the_fonts() -> None:
    files = [path for path in FONTS.iterdir() if path.suffix in {".ttf", ".otf"}]
    characters = {character for path in files for character in TTFont(path).getBestCmap()}

    ranges = zip(*typesetting._coverage(), strict=True)

    assert {character for first, last in ranges for character in range(first, last + 1)} == characters


@pytest.mark.parametrize(
    ("name", "font"),
    [
        ("Łukasz Ánh Ɔkɔ", "DejaVuSans-Bold"),
        ("Мария Κώστας שלום", "DejaVuSans-Bold"),
        ("محمد العربي", "NotoSansArabic-Bold"),
        ("ሰላም ተስፋዬ", "NotoSansEthiopic-Bold"),
        ("प्रिया शर्मा", "NotoSansDevanagari-Bold"),
        ("শ্রীময়ী বন্দ্যোপাধ্যায়", "NotoSansBengali-Bold"),
        ("தமிழ்ச்செல்வி", "NotoSansTamil-Bold"),
        ("શ્રેયા પટેલ", "NotoSansGujarati-Bold"),
        ("ਗੁਰਪ੍ਰੀਤ", "NotoSansGurmukhi-Bold"),
        ("శ్రీనివాస్", "NotoSansTelugu-Bold"),
        ("王小明 陳麗華 山田ひかり", "DroidSansFallback"),
        ("김민수", "NotoSansCJKkr-Bold"),
        ("สมชาย", "NotoSansThai-Bold"),
        ("გიორგი", "NotoSansGeorgian-Bold"),
        ("Անի", "NotoSansArmenian-Bold"),
    ],
)
def test_names_are_printed_in_a_font_that_has_their_letters(name: str, font: str) -> None:
    content = ticket(printable(name))

    assert name in pages_of(content)[0]
    assert fonts_of(content, name) == {font}


@pytest.mark.parametrize("name", ["محمد", "प्रिया", "শ্রী", "ശ്രീ", "શ્રી", "శ్రీ"])
def test_letters_that_belong_together_are_joined(name: str) -> None:
    apart = "\u200c".join(name)  # the same letters, kept from joining

    joined, separate = (picture_of(pypdfium2.PdfDocument(ticket(text))[0]) for text in (name, apart))

    assert printable(apart) == apart
    assert joined != separate


# the document


def accessible(template: str, *names: str) -> bytes:
    """As PDF/UA-1: Typst refuses it for a letter without glyph, a picture without words or no title."""
    source = source_of(template, document(*names))
    return of_thread.compiler.compile(source, format="pdf", pdf_standards=["ua-1"])


@pytest.mark.parametrize("template", ["ticket.typ", "slip.typ"])
def test_documents_meet_the_standard_for_accessible_pdfs(template: str) -> None:
    assert accessible(template, "Thandi", "محمد", "王小明").startswith(b"%PDF")
    with pytest.raises(typst.TypstError, match="PDF/UA-1"):
        accessible(template, "ᏣᎳᎩ")


@pytest.fixture(scope="module")
def other_process() -> dict[str, Any]:
    """What a new process has loaded once it knows all pages and tasks, and a digest of its first PDF."""
    script = (
        "import json, sys, django; django.setup();"
        "import falcon_web.urls, bookings.office.urls, bookings.passenger.urls, bookings.tasks;"
        "loaded = {'bookings.domain.tickets.pdf', 'typst', 'zxingcpp', 'anyascii'} & set(sys.modules);"
        "from bookings.tests.domain.tickets.test_typesetting import sha256, ticket;"
        "print(json.dumps({'loaded': sorted(loaded), 'digest': sha256(ticket('Thandi')).hexdigest()}))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    output = subprocess.check_output([sys.executable, "-c", script], env=environment, text=True)
    return json.loads(output.splitlines()[-1])


def test_equal_data_make_equal_bytes_in_any_thread_and_process(other_process: dict[str, Any]) -> None:
    with ThreadPoolExecutor(1) as pool:
        elsewhere = pool.submit(ticket, "Thandi").result()

    assert ticket("Thandi") == elsewhere
    assert sha256(elsewhere).hexdigest() == other_process["digest"]
    assert ticket("Thandi") != ticket("Sipho")


def test_a_process_loads_what_printing_needs_with_its_first_pdf(other_process: dict[str, Any]) -> None:
    assert other_process["loaded"] == ["bookings.domain.tickets.pdf"]


def test_threads_make_pdfs_at_the_same_time() -> None:
    names = [f"Passenger {number}" for number in range(40)]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(ticket, names))

    assert together == [ticket(name) for name in names]
    assert [codes_in(content) for content in together[:3]] == [[f"FBL1.{name}"] for name in names[:3]]


def test_memory_does_not_grow_with_the_number_of_tickets() -> None:
    process, numbers = psutil.Process(), count()

    def rise(tickets: int) -> float:
        before = process.memory_info().rss
        for _ticket in range(tickets):
            ticket(f"Passenger {next(numbers)}")
        return (process.memory_info().rss - before) / 1e6

    rise(60)  # until Typst's cache has its size

    assert rise(120) < 8
