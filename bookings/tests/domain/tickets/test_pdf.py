import re
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bookings.base.errors import NotFound
from bookings.domain.sales.booking_page import bookings_of
from bookings.domain.tickets import pdf
from bookings.domain.tickets.pdf import ticket_pdf, tickets_pdf
from bookings.domain.tickets.qr import ticket_qr_svg
from bookings.models import Booking, SaleStatus, Ticket
from bookings.tests.make import NOW, make_booking, make_city, make_route, make_schedule
from bookings.tests.pdf_reader import code_in_svg, codes_in, is_tagged, pages_of, tags_of

pytestmark = pytest.mark.django_db


def test_pdf_has_a_page_with_a_readable_code_for_each_passenger() -> None:
    booking = make_booking(names=("Thandi Nkosi", "Łukasz Żółć"))

    content = ticket_pdf(booking)

    tickets = list(booking.tickets.order_by("pk"))
    assert codes_in(content) == [ticket.code for ticket in tickets]
    for page, ticket in zip(pages_of(content), tickets, strict=True):
        spoken = f"{ticket.spoken_code[:3]} {ticket.spoken_code[3:]}"
        own = (booking.booking_reference, ticket.full_name, ticket.seat.label, spoken)
        for part in (*own, "10:00", "14:00", "09:30", "20 kg"):
            assert part in page
        assert "until Wed 2 Dec 2026, 10:00: R450; until Thu 3 Dec 2026, 22:00: R300" in page


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script> %PDF (x) \\",
        "#sys.inputs #panic() #{1 + 1} *bold* _thin_",
        "$x^2$ @code <label> = Head - item // end",
        'Zoë O’Neil "}]} \\u0041 \\n',
    ],
)
def test_a_name_is_printed_as_it_is_and_never_read_as_markup(name: str) -> None:
    (page,) = pages_of(ticket_pdf(make_booking(names=(name,))))

    assert name in page


def test_odd_names_do_not_break_a_ticket() -> None:
    names = ("😀 😀", "\u202emad\u0000e up", "A" * 70 + " " + "B" * 70, "Ａ" * 60)

    content = ticket_pdf(make_booking(names=names))

    assert len(pages_of(content)) == len(codes_in(content)) == len(names)
    assert re.sub(r"\W", "", pages_of(content)[2]).count("A" * 70 + "B" * 70) == 1


def test_a_ticket_says_what_its_passenger_needs_and_is_drawn_anew_when_that_changes() -> None:
    booking = make_booking(names=("Thandi Nkosi", "Sipho Dube"))
    before = pages_of(ticket_pdf(booking))
    needy = booking.tickets.order_by("pk")[0]
    Ticket.objects.filter(pk=needy.pk).update(needs_wheelchair=True, help_request="up the steps.")

    first, second = pages_of(ticket_pdf(booking))

    assert not any("crew" in page for page in before)
    assert "For the crew: Wheelchair; up the steps. Luggage" in first
    assert "crew" not in second


def test_pdf_across_a_border_asks_for_a_passport_and_an_hour() -> None:
    make_city("Maputo", country="MZ")  # of the same clock
    booking = make_booking(schedule=make_schedule(route=make_route("Johannesburg", "Maputo")))

    (page,) = pages_of(ticket_pdf(booking))

    assert "09:00" in page
    assert "30 kg" in page
    assert "passport" in page


def test_pdf_of_an_order_holds_outward_and_return_for_each_passenger() -> None:
    names = ("Thandi Nkosi", "Sipho Zulu")
    way_back = make_schedule(departs=NOW + timedelta(days=9), route=make_route("Cape Town", "Johannesburg"))
    out = make_booking(names=names)
    back = make_booking(order=out.order, schedule=way_back, names=names)

    content = tickets_pdf(bookings_of(out.order))

    expected = [(each.booking_reference, name) for each in (out, back) for name in names]
    for page, parts in zip(pages_of(content), expected, strict=True):
        assert all(part in page for part in parts)
    assert codes_in(content) == [ticket.code for ticket in Ticket.objects.order_by("pk")]
    assert len(pages_of(ticket_pdf(out))) == 2


def test_pdf_is_tagged_for_screen_readers() -> None:
    content = ticket_pdf(make_booking(names=("Thandi Nkosi", "Sipho Zulu")))

    assert is_tagged(content)
    for page in (0, 1):
        tags = tags_of(content, page)
        assert ("Figure", "QR code of the ticket") in tags
        assert "H1" in [kind for kind, _alternative in tags]


def test_pdf_is_the_same_bytes_and_kept_until_a_ticket_is_issued_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    booking = make_booking()
    first = ticket_pdf(booking)
    monkeypatch.setattr(pdf, "_write_cache", lambda path, content: None)
    made_again = pdf._typeset(pdf.ticketed_trips_of(bookings_of(booking.order)))
    monkeypatch.setattr(pdf, "_typeset", lambda trips: b"made anew")

    kept = ticket_pdf(booking)
    Ticket.objects.update(version=2)
    reissued = ticket_pdf(booking)

    assert first == made_again == kept
    assert reissued == b"made anew"


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

    assert code_in_svg(svg) == [ticket.code]
    assert svg.startswith("<svg")
    assert f"<title>{ticket.spoken_code}</title>" in svg
    assert "style=" not in svg
