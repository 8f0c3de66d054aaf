import pytest

from bookings.base.errors import NotFound
from bookings.domain.sales.booking_page import bookings_of
from bookings.domain.tickets.slips import slips_pdf
from bookings.models import Ticket
from bookings.tests.make import make_booking
from bookings.tests.pdf_reader import codes_in, is_tagged, pages_of, tags_of, widths_of

pytestmark = pytest.mark.django_db


def test_each_passenger_gets_an_80_mm_slip_with_a_readable_code() -> None:
    booking = make_booking(names=("Thandi Nkosi", "ሰላም ተስፋዬ"))

    content = slips_pdf(bookings_of(booking.order))

    tickets = list(booking.tickets.order_by("pk"))
    assert widths_of(content) == [80, 80]
    assert codes_in(content) == [ticket.code for ticket in tickets]
    for page, ticket in zip(pages_of(content), tickets, strict=True):
        spoken = f"{ticket.spoken_code[:3]} {ticket.spoken_code[3:]}"
        own = (booking.booking_reference, ticket.full_name, ticket.seat.label, spoken)
        for part in (*own, "10:00", "14:00", "R600", "20 kg"):
            assert part in page
        assert "Be at the stop by 09:30" in page


def test_slips_are_tagged_and_equal_for_equal_bookings() -> None:
    bookings = bookings_of(make_booking().order)

    first, second = slips_pdf(bookings), slips_pdf(bookings)

    assert first == second
    assert is_tagged(first)
    assert ("Figure", "QR code of the ticket") in tags_of(first)


def test_a_standby_slip_says_when_its_holder_travels() -> None:
    booking = make_booking()
    Ticket.objects.filter(booking=booking).update(seat=None, place=Ticket.Place.STANDBY)

    (page,) = pages_of(slips_pdf(bookings_of(booking.order)))

    assert "standby" in page
    assert "you travel if a seat is free when boarding closes" in page


def test_a_slip_says_what_its_passenger_needs() -> None:
    booking = make_booking()
    Ticket.objects.filter(booking=booking).update(help_request="up the steps")

    (page,) = pages_of(slips_pdf(bookings_of(booking.order)))

    assert "For the crew: up the steps." in page


def test_there_is_no_slip_without_a_usable_ticket() -> None:
    booking = make_booking()
    Ticket.objects.filter(booking=booking).update(status=Ticket.Status.CANCELLED)

    with pytest.raises(NotFound):
        slips_pdf(bookings_of(booking.order))
