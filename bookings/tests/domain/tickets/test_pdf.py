import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp

from bookings.base.errors import NotFound
from bookings.domain.sales.booking_page import bookings_of
from bookings.domain.tickets import pdf
from bookings.domain.tickets.pdf import printable, ticket_pdf, tickets_pdf
from bookings.domain.tickets.qr import ticket_qr_svg
from bookings.models import Booking, SaleStatus, Ticket
from bookings.tests.make import NOW, make_booking, make_route, make_schedule, make_stop

pytestmark = pytest.mark.django_db


def pages_of(content: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(content)
    return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]


def codes_in(content: bytes) -> list[str]:
    pictures = [page.render(scale=2).to_pil().convert("L") for page in pypdfium2.PdfDocument(content)]
    return [code.text for picture in pictures for code in zxingcpp.read_barcodes(picture)]


def test_pdf_has_a_page_with_a_readable_code_for_each_passenger() -> None:
    booking = make_booking(names=("Thandi Nkosi", "Łukasz Żółć"))

    content = ticket_pdf(booking)

    tickets = list(booking.tickets.order_by("pk"))
    assert codes_in(content) == [ticket.code for ticket in tickets]
    for page, ticket in zip(pages_of(content), tickets, strict=True):
        spoken = f"{ticket.spoken_code[:3]} {ticket.spoken_code[3:]}"
        for part in (booking.booking_reference, ticket.full_name, ticket.seat.label, spoken, "10:00", "14:00", "09:30", "20 kg"):
            assert part in page
        assert "until Wed 2 Dec 2026, 10:00: R450; until Thu 3 Dec 2026, 22:00: R300" in page


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("😀 Thandi 👩‍👩‍👧", "Thandi"),
        ("😀 😀", "?"),
        ("<b>Thandi</b> & Co", "<b>Thandi</b> & Co"),
        ("שלום כהן", "ןהכ םולש"),
        ("王 小明", "? ??"),
        ("Nguyễn Thị\u0000 Ánh\u202e", "Nguyễn Thị Ánh"),
        ("Ｗｉｄｅ", "Wide"),
    ],
)
def test_any_name_can_be_printed(name: str, shown: str) -> None:
    assert printable(name) == shown


def test_odd_names_do_not_break_a_ticket() -> None:
    names = ("😀 😀", "محمد العربي", "A" * 70 + " " + "B" * 70, "<script>alert(1)</script> %PDF (x) \\", "Zo\u0308e O’Neil")

    content = ticket_pdf(make_booking(names=names))

    assert len(pages_of(content)) == len(codes_in(content)) == len(names)


def test_pdf_across_a_border_asks_for_a_passport_and_an_hour() -> None:
    make_stop("Maputo", time_zone="Africa/Maputo")
    booking = make_booking(schedule=make_schedule(route=make_route("Johannesburg", "Maputo")))

    (page,) = pages_of(ticket_pdf(booking))

    assert "09:00" in page
    assert "30 kg" in page
    assert "passport" in page


def test_pdf_of_an_order_holds_outward_and_return() -> None:
    out = make_booking()
    make_booking(order=out.order, schedule=make_schedule(departs=NOW + timedelta(days=9), route=make_route("Cape Town", "Johannesburg")))

    assert len(pages_of(tickets_pdf(bookings_of(out.order)))) == 2
    assert len(pages_of(ticket_pdf(out))) == 1


def test_pdf_is_the_same_bytes_and_kept_until_a_ticket_is_issued_again(monkeypatch: pytest.MonkeyPatch) -> None:
    booking = make_booking()
    first = ticket_pdf(booking)
    monkeypatch.setattr(pdf, "_keep", lambda path, content: None)
    drawn_again = pdf._draw(pdf.ticketed_trips_of(bookings_of(booking.order)))
    monkeypatch.setattr(pdf, "_draw", lambda trips: b"drawn anew")

    kept = ticket_pdf(booking)
    Ticket.objects.update(version=2)
    reissued = ticket_pdf(booking)

    assert first == drawn_again == kept
    assert reissued == b"drawn anew"


def test_pdf_is_made_even_if_it_cannot_be_kept(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "full").write_text("not a folder")
    settings.MEDIA_ROOT = tmp_path / "full"

    assert ticket_pdf(make_booking()).startswith(b"%PDF")


def test_kept_pdf_is_for_the_owner_of_the_process_alone(settings: Any) -> None:
    ticket_pdf(make_booking())

    (path,) = Path(settings.MEDIA_ROOT).glob("tickets/*.pdf")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("status", [SaleStatus.PENDING, SaleStatus.CANCELLED])
def test_there_is_no_ticket_for(status: str) -> None:
    booking = make_booking()
    Booking.objects.filter(pk=booking.pk).update(status=status, cancelled_at=NOW)

    with pytest.raises(NotFound):
        ticket_pdf(booking)


def test_qr_for_the_page_is_svg_that_holds_the_code() -> None:
    ticket = make_booking().tickets.get()

    svg = ticket_qr_svg(ticket)

    assert svg.startswith("<svg")
    assert "style=" not in svg
    assert ticket.code not in svg
