import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from bookings.domain.counter.sale import Sale, SeatRequest, Tender, keep_seats, sell_now
from bookings.domain.integrity.invariants import violations
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import City, Hold, HoldSeat, Order, Payment, Schedule, Seat, SeatClaim, Shift, Ticket
from bookings.office.forms.sale import read_seats
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.make import (
    make_city,
    make_company,
    make_layout,
    make_place_name,
    make_route,
    make_schedule,
    make_shift,
    make_user,
    make_voucher,
)
from bookings.tests.office.conftest import StaffClient, sign_in
from bookings.tests.passenger.buying import departure_ahead
from bookings.tests.passenger.timetable import make_day, tomorrow
from bookings.tests.pdf_reader import widths_of

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-pass"
SCREEN = "/office/sell/"


@pytest.fixture
def schedule(db: None) -> Schedule:
    return departure_ahead(seats=8)


@pytest.fixture
def till(clerk: StaffClient) -> Shift:
    return make_shift(clerk.user)


def segment_query(schedule: Schedule, **more: Any) -> dict[str, Any]:
    return {"ride": f"{schedule.pk}|johannesburg|cape-town", **more}


def address(**query: Any) -> str:
    return SCREEN + "?" + "&".join(f"{name}={value}" for name, value in query.items())


def hold_of(response: HttpResponse) -> str:
    return re.search(r"hold=([\w-]+)", response["Location"])[1]


def held_token(client: Client, schedule: Schedule, wanted: str = "1") -> str:
    return hold_of(client.post(address(**segment_query(schedule)), {"action": "seats", "wanted": wanted}))


def payment(**changes: str) -> dict[str, str]:
    return {
        "action": "pay",
        "submission": "form-1",
        "name-0": "Thandi Nkosi",
        "tender": "cash",
        "amount": "",
        "reference": "",
        **changes,
    }


# getting there


def test_without_an_open_shift_nothing_is_sold(clerk: StaffClient, schedule: Schedule) -> None:
    page = clerk.get(SCREEN)
    refused = clerk.post(address(**segment_query(schedule)), {"action": "seats", "wanted": "1"})

    assert 'href="/office/shift/"' in page.content.decode()
    assert refused.status_code == 409
    assert Hold.objects.count() == 0


def test_the_branch_is_where_a_sale_starts(clerk: StaffClient, till: Shift) -> None:
    page = clerk.get(SCREEN).content.decode()

    assert re.search(r'name="from" value="Johannesburg"', page)


@pytest.mark.parametrize("end", ["cape-town-main", "CAPE-TOWN-MAIN", "Cape Town", "cape"])
def test_departures_are_found_by_code_name_or_its_beginning(
    clerk: StaffClient, till: Shift, end: str
) -> None:
    make_day(8, 17)

    page = clerk.get(SCREEN, {"from": "johannesburg", "to": end, "date": "+1"})

    assert [row.departs for row, _link in page.context["rows"]] == ["08:00", "17:00"]
    assert page.context["step"] == "departures"


def test_a_late_coach_is_offered_as_such_and_never_picked_by_enter_alone(
    clerk: StaffClient, till: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    late, _next = (make_schedule(departs=now + timedelta(seconds=seconds)) for seconds in (-25 * 60, 1))

    page = clerk.get(SCREEN, {"from": "johannesburg", "to": "cape-town"})
    seats = clerk.get(address(**segment_query(late))).content.decode()

    assert [row.late[-11:] for row, _link in page.context["rows"]] == ["25 min late", ""]
    assert page.context["usual"] == 2
    assert "25 min late: not known to have left." in " ".join(seats.split())
    assert 'name="wanted"' in seats


@pytest.mark.parametrize(
    "query",
    [
        {"from": "johannesburg", "to": ""},
        {"from": "johannesburg", "to": "atlantis"},
        {"from": "johannesburg", "to": "johannesburg"},
        {"from": "johannesburg", "to": "cape-town", "date": "3113"},
        {"from": "johannesburg", "to": "cape-town", "date": "-1"},
        {"from": "johannesburg", "to": "cape-town", "date": "+3", "return": "+2"},
    ],
)
def test_a_search_that_makes_no_sense_is_shown_again(
    clerk: StaffClient, till: Shift, query: dict[str, str]
) -> None:
    make_day(8)

    page = clerk.get(SCREEN, query)

    assert page.status_code == 422
    assert re.search(r'class="(error|notice notice-bad)"', page.content.decode())


@pytest.mark.parametrize(
    ("end", "note"),
    [
        ("cape towm", "Showing Cape Town for “cape towm”."),
        ("kaapstad", "Showing Cape Town, also known as Kaapstad."),
        ("cpt", "Showing Cape Town, also known as CPT."),
        ("Cape Town", ""),
    ],
)
def test_a_slip_or_another_name_is_searched_at_once_and_says_so(
    clerk: StaffClient, till: Shift, end: str, note: str
) -> None:
    make_day(8)
    for name in ("Kaapstad", "CPT"):
        make_place_name(make_city("Cape Town"), name)

    page = clerk.get(SCREEN, {"from": "johannesburg", "to": end, "date": "+1"})

    assert [row.departs for row, _link in page.context["rows"]] == ["08:00"]
    assert note in page.content.decode()
    assert ("Showing" in page.content.decode()) is bool(note)


def test_an_ambiguous_place_opens_the_list_with_its_candidates(clerk: StaffClient, till: Shift) -> None:
    make_day(8)
    make_route("Cape Agulhas", "Johannesburg")

    page = clerk.get(SCREEN, {"from": "johannesburg", "to": "cape", "date": "+1"})

    html = page.content.decode()
    listed = re.search(r'id="to-list".*?</div>\s*</div>\s*<', html, re.S)[0]
    assert page.status_code == 422
    assert re.findall(r'data-value="([^"]+)"', listed) == ["cape-agulhas", "cape-town"]
    links = re.findall(r'<a class="btn btn-small" href="([^"]+)"', html)
    assert [row.departs for row, _link in clerk.get(unescape(links[1])).context["rows"]] == ["08:00"]


def test_a_day_without_departures_leads_to_the_next(clerk: StaffClient, till: Shift) -> None:
    make_day(8, days=2)

    page = clerk.get(SCREEN, {"from": "johannesburg", "to": "cape-town", "date": tomorrow().isoformat()})
    following = clerk.get(page.context["next_day"])

    assert page.context["rows"] == []
    assert len(following.context["rows"]) == 1


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_the_same_queries_however_long(
    clerk: StaffClient, till: Shift, number: int, django_assert_num_queries: Any
) -> None:
    make_day(*range(8, 8 + number))

    with django_assert_num_queries(18):
        page = clerk.get(SCREEN, {"from": "johannesburg", "to": "cape-town", "date": "+1"})

    assert len(page.context["rows"]) == number


def test_a_long_day_has_pages_of_nine(clerk: StaffClient, till: Shift) -> None:
    make_day(*range(5, 16))

    first = clerk.get(SCREEN, {"from": "johannesburg", "to": "cape-town", "date": "+1"})
    second = clerk.get(first.context["later"])

    assert [len(page.context["rows"]) for page in (first, second)] == [9, 2]


def test_a_number_picks_its_row(clerk: StaffClient, till: Shift) -> None:
    sent = {"action": "pick", "row-1": "7|a|b", "row-2": "8|a|b"}

    assert "ride=8%7Ca%7Cb" in clerk.post(SCREEN, {**sent, "pick": "2"})["Location"]
    assert "ride=7%7Ca%7Cb" in clerk.post(SCREEN, {**sent, "pick": ""})["Location"]
    assert "ride=8%7Ca%7Cb" in clerk.post(SCREEN, {**sent, "pick": "", "usual": "2"})["Location"]
    assert "ride" not in clerk.post(SCREEN, {**sent, "pick": "9"})["Location"]


def test_a_swap_is_the_fragment_that_the_page_includes(clerk: StaffClient, till: Shift) -> None:
    make_day(8)
    query = {"from": "johannesburg", "to": "cape-town", "date": "+1"}

    part = clerk.get(SCREEN, query, headers={"HX-Request": "true", "HX-Target": "sale"}).content.decode()

    assert part.startswith('<div id="sale"')
    assert "<html" not in part


def test_places_are_suggested(clerk: StaffClient) -> None:
    make_route()

    assert 'data-name="Bloemfontein"' in clerk.get("/office/sell/places/?q=blo").content.decode()


# seats


@pytest.mark.parametrize(
    ("typed", "ticked", "expected"),
    [
        ("2", [], {"count": 2}),
        ("4a 4b", [], {"labels": ("4A", "4B")}),
        ("4a,4a;4b", [], {"labels": ("4A", "4B")}),
        ("", ["1A", "1B"], {"labels": ("1A", "1B")}),
        ("", [], {"count": 1}),
    ],
)
def test_seats_are_read_as_typed(typed: str, ticked: list[str], expected: dict[str, Any]) -> None:
    segment = SegmentRef(7, "johannesburg", "cape-town")

    assert read_seats(typed, ticked, segment) == SeatRequest(segment, **expected)


def test_seats_typed_are_kept_for_this_sale(clerk: StaffClient, till: Shift, schedule: Schedule) -> None:
    token = held_token(clerk, schedule, "2a 2b")

    page = clerk.get(address(hold=token))

    assert list(HoldSeat.objects.values_list("seat__label", flat=True)) == ["2A", "2B"]
    assert page.context["step"] == "pay"
    assert len(page.context["form"].rows) == 2


def test_a_taken_seat_is_refused_with_the_nearest_and_what_was_typed(
    clerk: StaffClient, till: Shift, schedule: Schedule
) -> None:
    other = make_user()
    keep_seats(SeatRequest(SegmentRef(schedule.pk, "johannesburg", "cape-town"), ("1A",)), clerk=other)

    page = clerk.post(address(**segment_query(schedule)), {"action": "seats", "wanted": "1a 1b"})

    text = page.content.decode()
    assert page.status_code == 409
    assert "Free nearby: 1C, 1D, 2A" in text
    assert 'name="wanted" value="1a 1b"' in text
    assert re.search(r'value="1B" checked', text)


def test_the_seat_map_costs_the_same_queries_for_small_and_large_coaches(
    clerk: StaffClient, till: Shift, django_assert_num_queries: Any
) -> None:
    for seats in (4, 40):
        schedule = departure_ahead(seats=seats)
        with django_assert_num_queries(17):
            assert clerk.get(address(**segment_query(schedule))).context["step"] == "seats"


def test_back_from_the_names_keeps_them_and_other_seats_replace_the_first(
    clerk: StaffClient, till: Shift, schedule: Schedule
) -> None:
    token = held_token(clerk, schedule, "1a")

    seats = clerk.post(address(hold=token), payment(action="back"))["Location"]
    page = clerk.get(seats)
    again = clerk.post(seats, {"action": "seats", "wanted": "2c"})

    assert page.context["typed"] == "1A"
    assert hold_of(again) == token
    assert 'value="Thandi Nkosi"' in clerk.get(again["Location"]).content.decode()
    assert set(SeatClaim.objects.values_list("seat__label", flat=True)) == {"2C"}


def test_giving_the_seats_back_leads_to_the_other_departures(
    clerk: StaffClient, till: Shift, schedule: Schedule
) -> None:
    token = held_token(clerk, schedule)

    answer = clerk.post(
        address(hold=token),
        {"action": "drop", "from": "johannesburg", "to": "cape-town", "date": "2026-12-01"},
    )

    assert answer["Location"] == address(**{"from": "johannesburg", "to": "cape-town", "date": "2026-12-01"})
    assert SeatClaim.objects.count() == 0


# money


def test_cash_pays_and_the_change_is_large(clerk: StaffClient, till: Shift, schedule: Schedule) -> None:
    token = held_token(clerk, schedule, "1c")

    answer = clerk.post(address(hold=token), payment(amount="R 1 000,00"))
    page = clerk.get(answer["Location"]).content.decode()

    ticket = Ticket.objects.get()
    assert (ticket.seat.label, ticket.full_name, ticket.booking.status) == ("1C", "Thandi Nkosi", "confirmed")
    assert Order.objects.get().shift == till
    assert re.search(r"Change</span> <b>R400</b>", page)
    assert ticket.booking.booking_reference in page
    assert violations(now=ticket.booking.booking_date) == []


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ({"name-0": "Suharto", "name-1": "Thandi Nkosi"}, [("", "Suharto"), ("Thandi", "Nkosi")]),
        ({"name-0": "Thandi Nkosi", "name-1": "Suharto,"}, [("Thandi", "Nkosi"), ("", "Suharto")]),
        ({"name-0": "Suharto", "name-1": "Sukarno"}, [("", "Suharto"), ("", "Sukarno")]),
        ({"name-0": "Nkosi, Than\u200bdi", "name-1": "Lwazi"}, [("Thandi", "Nkosi"), ("Lwazi", "Nkosi")]),
    ],
)
def test_one_name_is_enough_at_the_counter(
    clerk: StaffClient, till: Shift, schedule: Schedule, typed: dict[str, str], names: list[tuple[str, str]]
) -> None:
    token = held_token(clerk, schedule, "2")
    refused = clerk.post(address(hold=token), payment(**typed, contact="@"))
    again = dict(
        re.findall(r'name="(name-\d)" value="([^"]*)"', clerk.get(address(hold=token)).content.decode())
    )

    clerk.post(address(hold=token), payment(**again, contact="ann@exam\u200bple.com"))

    assert refused.status_code == 422
    assert list(Ticket.objects.order_by("pk").values_list("first_name", "surname")) == names
    assert Order.objects.get().email == "ann@example.com"


@pytest.mark.parametrize(
    ("typed", "number"), [("0772 123 456", "+263772123456"), ("082 123 4567", "+27821234567")]
)
def test_a_number_is_of_the_country_of_the_trip_or_of_ours(
    clerk: StaffClient, till: Shift, schedule: Schedule, typed: str, number: str
) -> None:
    City.objects.update(country="ZW")
    token = held_token(clerk, schedule)

    clerk.post(address(hold=token), payment(contact=typed))

    assert Order.objects.get().phone == number


def test_a_family_shares_a_surname_and_a_contact(clerk: StaffClient, till: Shift, schedule: Schedule) -> None:
    token = held_token(clerk, schedule, "2")
    typed = {"name-0": "Jan van der Merwe", "name-1": "Piet", "type-1": "child", "contact": "082 123 4567"}

    clerk.post(address(hold=token), payment(**typed, tender="card", reference="T1 0042"))

    assert list(
        Ticket.objects.order_by("pk").values_list("first_name", "surname", "passenger_type__slug")
    ) == [
        ("Jan", "van der Merwe", "adult"),
        ("Piet", "van der Merwe", "child"),
    ]
    assert Order.objects.get().phone == "+27821234567"
    assert Payment.objects.get().reference == "T1 0042"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name-0": ""}, "Enter first name and surname"),
        ({"name-0": "\u200b \u2028"}, "Enter first name and surname"),
        ({"name-0": "x" * 90 + " y"}, "too long"),
        ({"amount": "lots"}, "Enter the amount as 500"),
        ({"amount": "500"}, "not enough"),
        ({"tender": "card"}, "Enter the reference"),
        ({"tender": "card", "reference": "4111 1111 1111 1111"}, "card number"),
        ({"tender": "barter"}, "Choose cash, card or EFT."),
        ({"contact": "@"}, "not complete"),
        ({"contact": "12"}, "not a valid phone number"),
    ],
)
def test_what_cannot_be_sold_is_shown_again_with_what_was_typed(
    clerk: StaffClient, till: Shift, schedule: Schedule, typed: dict[str, str], words: str
) -> None:
    token = held_token(clerk, schedule)

    page = clerk.post(address(hold=token), payment(**{"name-0": "Thandi Nkosi", **typed}))

    text = page.content.decode()
    assert page.status_code == 422
    assert words in text
    assert Order.objects.count() == 0
    assert 'name="submission" value="form-1"' in text


def test_the_same_form_sent_twice_sells_once(clerk: StaffClient, till: Shift, schedule: Schedule) -> None:
    token = held_token(clerk, schedule)

    answers = [clerk.post(address(hold=token), payment()) for _twice in range(2)]

    assert answers[0]["Location"] == answers[1]["Location"]
    assert Order.objects.count() == 1


def test_seats_lost_while_typing_are_named_and_the_names_stay(
    clerk: StaffClient, till: Shift, schedule: Schedule
) -> None:
    token = held_token(clerk, schedule, "1a")
    SeatClaim.objects.all().delete()
    Hold.objects.update(expires_at=schedule.departure_time.replace(year=2020))
    passengers = ({"first_name": "Ann", "surname": "Abel", "passenger_type": "adult"},)
    wanted = SeatRequest(SegmentRef(schedule.pk, "johannesburg", "cape-town"), ("1A",))
    sell_now(
        Sale(passengers, Tender("cash"), seats=(wanted,)), shift=make_shift(make_user()), submission="other"
    )

    page = clerk.post(address(hold=token), payment())

    text = page.content.decode()
    assert page.status_code == 409
    assert "Seat 1A has just been taken. Free nearby: 1B, 1C, 1D." in text
    assert 'value="Thandi Nkosi"' in text


def test_another_clerks_sale_is_not_found(clerk: StaffClient, till: Shift, schedule: Schedule) -> None:
    other = sign_in(make_user())
    make_shift(other.user)
    token = held_token(other, schedule)

    assert clerk.get(address(hold=token)).status_code == 404
    assert clerk.post(address(hold=token), payment()).status_code == 404


# there and back


def test_a_way_back_is_sold_in_the_same_order(clerk: StaffClient, till: Shift) -> None:
    (out,) = make_day(8)
    make_day(9, route=make_route("Cape Town", "Bloemfontein", "Johannesburg", minutes_apart=300), days=4)
    words = {"from": "johannesburg", "to": "cape-town", "date": "+1", "return": tomorrow(4).isoformat()}

    listed = clerk.post(address(**segment_query(out, **words)), {"action": "seats", "wanted": "2"})[
        "Location"
    ]
    page = clerk.get(listed)
    seats = page.context["rows"][0][1]
    paying = clerk.post(seats, {"action": "seats", "wanted": "2"})["Location"]
    clerk.post(paying, payment(**{"name-0": "Ann Abel", "name-1": "Bob"}))

    order = Order.objects.get()
    assert page.context["search"]["from"].value() == "Cape Town"
    assert clerk.get(seats).status_code == 200
    assert (order.bookings.count(), order.total, order.status) == (2, 2400, "confirmed")


def test_the_way_back_can_be_added_to_a_sale(clerk: StaffClient, till: Shift) -> None:
    (out,) = make_day(8)
    token = held_token(clerk, out)

    page = clerk.get(clerk.get(address(hold=token)).context["return_address"])

    assert page.status_code == 200
    assert (page.context["step"], page.context["search"]["to"].value()) == (
        "departures",
        "Johannesburg station",
    )


# booked elsewhere, paid here


def test_an_order_of_the_web_is_paid_by_its_reference(clerk: StaffClient, till: Shift) -> None:
    order = ordered(departure_ahead(), "1A", pay_later=True, now=timezone.now())
    reference = order.bookings.get().booking_reference

    page = clerk.get(address(order=reference.lower()))
    typed = {"action": "take", "submission": "s", "tender": "card", "reference": "FNB 1"}
    answer = clerk.post(address(order=reference), typed)
    again = clerk.post(address(order=reference), typed)
    other = clerk.post(address(order=reference), {"action": "take", "submission": "s2", "tender": "cash"})

    assert page.context["owed"].owed_text == "R600"
    assert answer["Location"] == again["Location"] == f"/office/sell/sold/{order.token}/"
    assert Order.objects.get().status == "confirmed"
    assert Payment.objects.get().shift == till
    assert (other.status_code, "paid already" in other.content.decode()) == (409, True)


@pytest.mark.parametrize("reference", ["NOSUCH12", "%00", "ü", "x" * 60])
def test_a_reference_that_nobody_knows_is_told(clerk: StaffClient, till: Shift, reference: str) -> None:
    page = clerk.get(address(order=reference))

    assert page.status_code == 404
    assert "We could not find booking" in page.content.decode()


# standby


def test_a_full_coach_sells_standby(clerk: StaffClient, till: Shift) -> None:
    schedule = departure_ahead(seats=1)
    held_token(clerk, schedule)

    offered = clerk.get(address(**segment_query(schedule))).content.decode()
    page = clerk.get(address(**segment_query(schedule, standby=2)))
    typed = payment(action="standby", **{"name-0": "Ann Abel", "name-1": "Bob", "type-1": "child"})
    answer = clerk.post(address(**segment_query(schedule, standby=2)), typed)

    assert "Sell standby" in offered
    assert len(page.context["form"].rows) == 2
    assert list(Ticket.objects.order_by("pk").values_list("place", "fare")) == [
        ("standby", 600),
        ("standby", 300),
    ]
    assert "Sold on standby" in clerk.get(answer["Location"]).content.decode()


# paper


def sold(client: StaffClient, schedule: Schedule, till: Shift) -> str:
    return client.post(address(hold=held_token(client, schedule, "2")), payment(**{"name-1": "Bob Abel"}))[
        "Location"
    ]


def test_tickets_print_on_both_papers(clerk: StaffClient, till: Shift, schedule: Schedule) -> None:
    address = sold(clerk, schedule, till)

    pages = {paper: clerk.get(f"{address}print/?paper={paper}").content.decode() for paper in ("a4", "80")}
    files = {paper: clerk.get(f"{address}tickets.pdf?paper={paper}") for paper in ("a4", "80")}

    assert [page.count('<article class="slip">') for page in pages.values()] == [2, 2]
    assert ["office-print-80.css" in page for page in pages.values()] == [False, True]
    assert all(
        file["Content-Type"] == "application/pdf" and file.content.startswith(b"%PDF")
        for file in files.values()
    )
    assert [widths_of(file.content) for file in files.values()] == [[105, 105], [80, 80]]


def test_an_unpaid_order_has_nothing_to_print(clerk: StaffClient, till: Shift) -> None:
    order = ordered(make_schedule(), "1A", pay_later=True)

    assert clerk.get(f"/office/sell/sold/{order.token}/").status_code == 409
    assert clerk.get("/office/sell/sold/nosuchtoken/tickets.pdf").status_code == 404


def test_pages_after_a_sale_cost_the_same_queries_for_one_and_three(
    clerk: StaffClient, till: Shift, django_assert_num_queries: Any
) -> None:
    for seats in (1, 3):
        schedule = departure_ahead(layout=make_layout(seats=8))
        names = {f"name-{number}": "Ann Abel" for number in range(seats)}
        done = clerk.post(
            address(hold=held_token(clerk, schedule, str(seats))), payment(**names, submission=f"s{seats}")
        )["Location"]
        with django_assert_num_queries(7):
            assert clerk.get(done).status_code == 200


# anything at all

_ODD = ["", "\x00", "٣", "9" * 400, "🚌 🚌", "<script>", "-1", "1|2|3", "' OR 1=1", "\ud800", "NaN", "1e9"]


@pytest.mark.parametrize("odd", _ODD)
def test_odd_input_is_never_a_server_error(
    clerk: StaffClient, till: Shift, schedule: Schedule, odd: str
) -> None:
    odd = odd.encode(errors="surrogatepass").decode(errors="replace")
    token = held_token(clerk, schedule)
    names = ["from", "to", "date", "return", "ride", "hold", "order", "standby", "page"]
    gets = [{name: odd} for name in names] + [
        {"from": odd, "to": odd, "date": odd},
        {**segment_query(schedule), "standby": odd, "hold": odd},
    ]
    sent = dict.fromkeys(
        (
            "wanted",
            "seats",
            "name-0",
            "type-0",
            "contact",
            "amount",
            "reference",
            "tender",
            "submission",
            "pick",
        ),
        odd,
    )
    places = [
        address(hold=token),
        address(**segment_query(schedule)),
        address(**segment_query(schedule, standby=1)),
        address(order="ABCDEFGH"),
        SCREEN,
    ]

    answers = [clerk.get(SCREEN, query).status_code for query in gets]
    for action in ("pick", "seats", "back", "pay", "standby", "take", odd):
        answers += [clerk.post(place, {**sent, "action": action}).status_code for place in places]

    assert max(answers) < 500


def test_a_wheelchair_and_help_are_sold_at_the_counter(
    clerk: StaffClient, till: Shift, schedule: Schedule
) -> None:
    Seat.objects.filter(layout=schedule.layout, label="1B").update(kind="accessible")
    seats = address(**segment_query(schedule))
    refused = clerk.post(seats, {"action": "seats", "wanted": "1b"}).content.decode()
    token = hold_of(clerk.post(seats, {"action": "seats", "wanted": "2", "wheelchair": "1"}))
    people = {"name-0": "Thandi Nkosi", "name-1": "Lwazi"}
    shown = clerk.post(address(hold=token), payment(**people, help="two steps", contact="@")).content.decode()

    clerk.post(address(hold=token), payment(**people, help="two steps"))

    assert "Seat 1B is kept for passengers who use a wheelchair" in refused
    assert 'value="two steps"' in shown
    tickets = Ticket.objects.order_by("seat__label").values_list("seat__label", "help_request")
    assert list(tickets) == [("1A", ""), ("1B", "two steps")]


# split payments, without a script


def carried(page: str) -> dict[str, str]:
    """The parts as the page carries them on."""
    return dict(re.findall(r'name="(part-\d)" value="([^"]*)"', unescape(page)))


def test_a_part_is_noted_and_the_rest_is_paid_by_another_tender(
    clerk: StaffClient, till: Shift, schedule: Schedule
) -> None:
    token = held_token(clerk, schedule)
    typed = {"action": "split", "tender": "card", "amount": "250", "reference": "T4 8812"}

    page = clerk.post(address(hold=token), payment(**typed)).content.decode()
    assert carried(page) == {"part-0": "card 250.00 T4 8812"}
    assert re.search(r'data-rest data-paid="25000">R350<', page)
    assert 'value="Thandi Nkosi"' in page
    assert not Payment.objects.exists()
    answer = clerk.post(address(hold=token), payment(**carried(page), amount="400"))
    sold = clerk.get(answer["Location"]).content.decode()

    assert list(Payment.objects.order_by("pk").values_list("method", "amount", "reference")) == [
        ("card", 250, "T4 8812"),
        ("cash", 350, ""),
    ]
    assert re.search(r"Change</span> <b>R50</b>", sold)
    assert re.findall(r"<li>(\w+) <b>(R\d+)</b></li>", sold) == [("card", "R250"), ("cash", "R350")]


def test_after_cash_the_card_takes_the_rest(clerk: StaffClient, till: Shift, schedule: Schedule) -> None:
    token = held_token(clerk, schedule)

    page = clerk.post(address(hold=token), payment(action="split", amount="200")).content.decode()

    assert re.search(r'value="card"[^>]*checked', page)
    assert re.search(r'id="reference"[^>]*autofocus|autofocus[^>]*id="reference"', page)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"amount": ""}, "how much of it"),
        ({"amount": "600"}, "Nothing is left"),
        ({"amount": "100", "tender": "card"}, "Enter the reference"),
        ({"amount": "100.05"}, "no coins"),
        ({"amount": "100", "tender": "eft", "reference": "F1"}, "EFT last"),
        ({"amount": "lots"}, "Enter the amount as 500"),
        ({"amount": "100", "name-0": ""}, "Enter first name"),
        ({"amount": "100", "part-0": "cash 50.00"}, "all of the cash at once"),
    ],
)
def test_a_part_that_does_not_fit_is_shown_again_as_it_was_typed(
    clerk: StaffClient, till: Shift, schedule: Schedule, typed: dict[str, str], words: str
) -> None:
    token = held_token(clerk, schedule)

    page = clerk.post(address(hold=token), payment(action="split", **typed))

    text = page.content.decode()
    assert page.status_code == 422
    assert words in text
    assert re.search(rf'name="amount" value="{typed["amount"]}"', text) or not typed["amount"]
    assert carried(text) == {name: value for name, value in typed.items() if name.startswith("part")}


def test_a_part_is_removed_again(clerk: StaffClient, till: Shift, schedule: Schedule) -> None:
    token = held_token(clerk, schedule)
    parts = {"part-0": "card 100 T1", "part-1": "card 150.50 T2"}

    page = clerk.post(address(hold=token), payment(action="unpart:0", **parts)).content.decode()

    assert carried(page) == {"part-0": "card 150.50 T2"}


def test_an_unpaid_booking_and_a_standby_are_paid_in_parts_too(
    clerk: StaffClient, till: Shift, schedule: Schedule
) -> None:
    order = ordered(schedule, "1A", now=timezone.now())
    reference = order.bookings.get().booking_reference
    typed = {"action": "split", "tender": "card", "amount": "100", "reference": "T4 1"}

    page = clerk.post(address(order=reference), payment(**typed)).content.decode()
    clerk.post(address(order=reference), payment(**carried(page), action="take"))

    assert order.payments.count() == 2
    assert Order.objects.get(pk=order.pk).status == "confirmed"


def test_made_up_parts_are_left_out(clerk: StaffClient, till: Shift, schedule: Schedule) -> None:
    token = held_token(clerk, schedule)

    clerk.post(address(hold=token), payment(**{"part-0": "card", "part-1": "x 5 y", "part-2": "cash NaN"}))

    assert Payment.objects.get().amount == 600


# reservations


def test_a_reservation_is_a_slip_with_reference_and_time(
    clerk: StaffClient, till: Shift, schedule: Schedule
) -> None:
    make_company(bank_details="Standard Bank\n000 111 222")
    token = held_token(clerk, schedule)

    answer = clerk.post(address(hold=token), payment(action="reserve", contact="082 123 4567"))
    page = clerk.get(answer["Location"]).content.decode()
    slip = clerk.get(answer["Location"] + "print/?paper=80").content.decode()

    order = Order.objects.get()
    reference = order.bookings.get().booking_reference
    assert (order.status, order.pays_later, order.phone) == ("pending", True, "+27821234567")
    for text in (page, slip):
        assert reference in text
        assert "000 111 222" in text
        assert "R600" in text
        assert re.search(r"To pay by \w{3} \d", text)
    assert "this is no ticket" in slip
    assert not Payment.objects.exists()


def test_a_reservation_needs_a_contact(clerk: StaffClient, till: Shift, schedule: Schedule) -> None:
    token = held_token(clerk, schedule)

    page = clerk.post(address(hold=token), payment(action="reserve"))

    assert page.status_code == 422
    assert "contact_error" in page.content.decode()
    assert not Order.objects.exists()


def test_an_eft_reserves_and_its_parts_are_taken(clerk: StaffClient, till: Shift, schedule: Schedule) -> None:
    token = held_token(clerk, schedule)
    typed = {"tender": "eft", "contact": "082 123 4567", "part-0": "card 250.00 T1"}

    answer = clerk.post(address(hold=token), payment(**typed))
    again = clerk.post(address(hold=token), payment(**typed))

    page = clerk.get(answer["Location"]).content.decode()
    assert "R350" in page
    assert "R250 is paid" in page
    assert Payment.objects.get().method == "card"
    assert again["Location"] == answer["Location"]


def test_a_second_person_who_has_seen_it_confirms_an_eft_at_once(
    clerk: StaffClient, till: Shift, schedule: Schedule
) -> None:
    boss = make_user(role="supervisor", username="boss", password=PASSWORD)
    token = held_token(clerk, schedule)
    signed = {"tender": "eft", "reference": "FNB 7", "approver_name": "boss", "approver_password": PASSWORD}

    wrong = clerk.post(address(hold=token), payment(**{**signed, "approver_password": "no"}))
    answer = clerk.post(address(hold=token), payment(**signed))

    assert wrong.status_code == 422
    assert re.search(r"<details[^>]* open", wrong.content.decode())
    assert answer["Location"].startswith("/office/sell/sold/")
    assert Payment.objects.get().approver == boss


def test_a_reservation_is_not_paid_by_an_eft_that_nobody_has_seen(
    clerk: StaffClient, till: Shift, schedule: Schedule
) -> None:
    reference = ordered(schedule, "1A", now=timezone.now()).bookings.get().booking_reference

    page = clerk.post(address(order=reference), payment(action="take", tender="eft", reference="FNB 7"))

    assert page.status_code == 422
    assert "once its money was seen" in page.content.decode()
    assert re.search(r"<details[^>]* open", page.content.decode())


def test_a_voucher_pays_what_is_on_it_and_cash_the_rest(
    clerk: StaffClient, till: Shift, schedule: Schedule
) -> None:
    _voucher, code = make_voucher(200, now=timezone.now())
    token = held_token(clerk, schedule)
    typed = {"action": "split", "tender": "voucher", "reference": code.lower()}

    wrong = clerk.post(address(hold=token), payment(**typed | {"reference": "0000"}))
    assert "do not know this voucher code" in wrong.content.decode()
    page = clerk.post(address(hold=token), payment(**typed)).content.decode()
    assert carried(page) == {"part-0": f"voucher 200.00 {code.lower()}"}
    assert f"…{code[-4:]}" in page
    answer = clerk.post(address(hold=token), payment(**carried(page)))

    assert re.findall(r"<li>(\w+) <b>", clerk.get(answer["Location"]).content.decode()) == ["voucher", "cash"]
    assert list(Payment.objects.order_by("pk").values_list("method", "amount")) == [
        ("voucher", 200),
        ("cash", 400),
    ]
