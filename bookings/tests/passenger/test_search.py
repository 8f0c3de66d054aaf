import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bookings.domain.sales.holds import HoldRequest, hold_any
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import PassengerType, Schedule, SeatClaim
from bookings.tests.make import make_city, make_passenger_types, make_place_name, make_route
from bookings.tests.passenger.timetable import make_day, search_address, tomorrow

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "results"}


def times(html: str) -> list[str]:
    return re.findall(r'<time class="at"[^>]*>([\d:]+)</time>', html)


def test_a_day_that_is_full_for_the_party_says_so(client: Client) -> None:
    make_day(8, seats=4)

    page = client.get("/search/", search_address(passengers=5)).content.decode()

    assert re.search(r'class="none">\s*full\s*</span>', page)


def test_search_lists_the_departures_of_the_day_and_links_to_their_seats(client: Client) -> None:
    first, _second = make_day(8, 17)

    response = client.get("/search/", search_address(passengers=3, child=1))

    html = response.content.decode()
    assert response.status_code == 200
    assert times(html) == ["08:00", "17:00"]
    assert "R1\u00a0500" in html  # two adults at 600 and a child at half of it
    assert (
        f"/departures/{first.pk}/?from=johannesburg-main@0&amp;to=cape-town-main@2&amp;passengers=3&amp;child=1"
        in html
    )
    assert "for 3 passengers" in html


def test_search_keeps_the_way_back_in_its_links(client: Client) -> None:
    make_day(8)
    back = tomorrow(4).isoformat()

    html = client.get("/search/", search_address(**{"return": back})).content.decode()

    assert f"&amp;passengers=1&amp;return={back}" in html
    assert "First, your outward trip" in html


def test_choosing_the_way_back_carries_the_hold(client: Client) -> None:
    make_day(8)

    html = client.get("/search/", search_address(hold="abc-DEF_123")).content.decode()

    assert "Now choose your return trip" in html
    assert "passengers=1&amp;hold=abc-DEF_123" in html
    assert '<input type="hidden" name="hold" value="abc-DEF_123">' in html
    assert 'href="/checkout/abc-DEF_123/">Continue without a return trip' in html


def test_a_hold_that_can_be_none_is_left_out(client: Client) -> None:
    make_day(8)

    response = client.get("/search/", search_address(hold="é\u0663"), follow=True)

    assert response.status_code == 200
    assert "Now choose your return trip" not in response.content.decode()


def test_a_sold_out_departure_stays_in_sight_without_a_link(client: Client) -> None:
    make_day(8, seats=2)

    html = client.get("/search/", search_address(passengers=3)).content.decode()

    assert times(html) == ["08:00"]
    assert "Only 2 seats left" in html
    assert "Choose seats" not in html


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"time": "morning"}, ["08:00"]),
        ({"time": "afternoon"}, ["17:00"]),
        ({"time": "teatime", "sort": "loudest", "page": "-3", "max_price": "cheap"}, ["08:00", "17:00"]),
        ({"page_size": "1", "page": "2"}, ["17:00"]),
        ({"page_size": "1", "page": "99"}, ["17:00"]),
        ({"max_price": "10"}, []),
        ({"max_price": "600"}, ["08:00", "17:00"]),
        ({"max_price": "R1 250,50"}, ["08:00", "17:00"]),
        ({"max_price": "r 10.00"}, []),
    ],
)
def test_filters_and_pages_choose_rows(client: Client, changes: dict[str, str], expected: list[str]) -> None:
    make_day(8, 17)

    response = client.get("/search/", search_address(**changes))

    assert response.status_code == 200
    assert times(response.content.decode()) == expected


@pytest.mark.parametrize("typed", ["cheap", "-5", "1.250"])
def test_a_highest_price_that_is_no_amount_stays_in_its_field_with_the_reason(
    client: Client, typed: str
) -> None:
    make_day(8)

    html = client.get("/search/", search_address(max_price=typed)).content.decode()

    assert times(html) == ["08:00"]
    assert f'value="{typed}"' in html
    assert 'id="max-price-error">Enter the amount as 500 or 500.50.' in html
    assert f"max_price={typed}" in html  # another order of the list loses nothing typed


@pytest.mark.parametrize(
    ("typed", "shown"), [("R1 250,50", "1250.50"), ("500.00", "500"), ("1250", "1250"), ("0", "0")]
)
def test_a_highest_price_has_one_address(client: Client, typed: str, shown: str) -> None:
    make_day(8)

    html = client.get("/search/", search_address(max_price=typed)).content.decode()

    assert f'value="{shown}"' in html
    assert f"max_price={shown}" in html
    assert "max-price-error" not in html


def test_filters_that_fit_nothing_offer_the_whole_day(client: Client) -> None:
    make_day(8)

    html = client.get("/search/", search_address(time="night")).content.decode()

    assert "No coaches match your filters" in html
    assert "Show all departures" in html


def test_a_day_without_coaches_says_why_and_names_the_nearest(client: Client) -> None:
    make_day(8)

    html = client.get("/search/", search_address(date=tomorrow(3).isoformat())).content.decode()

    assert "No coaches on this day" in html
    assert f"date={tomorrow().isoformat()}" in html


def test_htmx_gets_the_results_alone(client: Client) -> None:
    make_day(8)

    response = client.get("/search/", search_address(sort="fastest"), **HTMX)

    html = response.content.decode()
    assert html.lstrip().startswith('<div id="results"')
    assert "<html" not in html
    assert {"HX-Request", "HX-Target"} <= set(re.split(r",\s*", response["Vary"]))


def test_back_gets_the_whole_page(client: Client) -> None:
    make_day(8)

    response = client.get("/search/", search_address(), HTTP_HX_HISTORY_RESTORE_REQUEST="true", **HTMX)

    assert "<html" in response.content.decode()


@pytest.mark.parametrize(
    "typed",
    [
        {"from": "Johannesburg", "to": "Cape Town"},
        {"from": " cape town ", "to": "JOHANNESBURG"},
        {"from": "johannesburg-main@0"},
        {"passengers": "", "adult": "2", "child": "1"},
        {"date": "%d/%m/%Y"},
        {"date": "%d%m"},
        {"date": "%a %d %b"},
        {"date": "+1"},
    ],
)
def test_what_people_type_leads_to_the_one_address(client: Client, typed: dict[str, str]) -> None:
    make_day(8)
    typed = {name: f"{tomorrow():{value}}" if name == "date" else value for name, value in typed.items()}
    asked = {name: value for name, value in search_address(**typed).items() if value != ""}

    response = client.get("/search/", asked)
    landed = client.get(response["Location"])

    assert response.status_code == 302
    assert landed.status_code == 200
    assert f'value="{tomorrow().isoformat()}"' in landed.content.decode()
    assert "adult=" not in response["Location"]
    assert "passengers=" in response["Location"]


def test_the_first_visit_shows_an_empty_form_without_complaint(client: Client) -> None:
    make_passenger_types()

    response = client.get("/search/")

    assert response.status_code == 200
    assert 'class="error"' not in response.content.decode()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"date": "0001-01-01"}, "This day is in the past"),
        ({"date": "9999-12-31"}, "up to a year ahead"),
        ({"date": "2020-01-01"}, "This day is in the past"),
        ({"date": "soon"}, "Please enter the day as"),
        ({"date": ""}, "Please choose a day"),
        ({"return": "2020-01-01"}, "cannot be before"),
        ({"return": "9999-12-31"}, "up to a year ahead"),
        ({"to": "johannesburg"}, "Please choose two different places."),
        ({"to": "johannesburg-main"}, "Please choose two different places."),
        ({"from": "Atlantis"}, "We could not find the place"),
        ({"from": ""}, "Where are you travelling from?"),
        ({"to": ""}, "Where do you want to go?"),
        ({"passengers": "0"}, "between 1 and 9 passengers"),
        ({"passengers": "500"}, "between 1 and 9 passengers"),
        ({"passengers": "-1"}, "between 1 and 9 passengers"),
        ({"passengers": "two"}, "in digits"),
        ({"passengers": "1", "child": "3"}, "You chose more children than passengers in total."),
        (
            {"passengers": "1", "child": "1", "student": "1"},
            "You chose more children and students than passengers in total.",
        ),
        ({"passengers": "9" * 40}, ""),
        ({"child": "²"}, "in digits"),
        ({"child": "-1"}, "in digits"),
        ({"from": "Johannes\x00burg"}, ""),
        ({"from": "\u202eנעיר 🚌"}, "We could not find the place"),
        ({"from": "<script>alert(1)</script>"}, "We could not find the place"),
        ({"from": "x" * 1_000_000}, "We could not find the place"),
    ],
)
def test_what_makes_no_sense_comes_back_with_a_word_beside_the_field(
    client: Client, wrong: dict[str, str], message: str
) -> None:
    make_day(8)

    response = client.get("/search/", search_address(**wrong))

    html = response.content.decode()
    assert response.status_code in ((302, 422) if message == "" else (422,))
    assert message in html
    assert len(html) < 50_000
    assert "<script>alert" not in html
    if response.status_code == 422:
        assert 'aria-invalid="true"' in html


def test_a_refused_search_loses_nothing_that_was_typed(client: Client) -> None:
    make_day(8)

    html = client.get(
        "/search/", search_address(**{"from": "Atlantis 🚌 <b>", "passengers": 3, "child": 1})
    ).content.decode()

    assert 'value="Atlantis 🚌 &lt;b&gt;"' in html
    assert 'value="Cape Town"' in html
    assert f'value="{tomorrow().isoformat()}"' in html
    assert re.search(r'name="adult" value="2"', html)
    assert re.search(r'name="child" value="1"', html)


@pytest.mark.parametrize("hours", [(8,), (8, 12, 17)])
def test_search_asks_as_many_queries_for_three_rows_as_for_one(
    client: Client, hours: tuple[int, ...], django_assert_num_queries: Callable
) -> None:
    make_day(*hours)

    with django_assert_num_queries(13):  # the first after a change to the timetable
        client.get("/search/", search_address())
    cache.clear()
    with django_assert_num_queries(5):
        client.get("/search/", search_address())
    with django_assert_num_queries(2):
        client.get("/search/", search_address())


def test_a_list_that_is_kept_costs_fewer_queries_and_is_the_same(client: Client) -> None:
    make_day(8, 12)

    with CaptureQueriesContext(connection) as first:
        fresh = client.get("/search/", search_address())
    with CaptureQueriesContext(connection) as second:
        kept = client.get("/search/", search_address())

    assert kept.content == fresh.content
    assert len(second) < len(first)


def test_a_kept_list_ends_when_a_departure_changes(client: Client) -> None:
    (only,) = make_day(8)
    client.get("/search/", search_address())
    Schedule.objects.filter(pk=only.pk).update(price_zar=777, revision=only.revision + 1)

    html = client.get("/search/", search_address()).content.decode()

    assert "R777" in html.partition('class="offers"')[2]


def test_a_page_of_kept_parts_ends_with_the_first_of_them(client: Client, still: Any) -> None:
    """A hold that runs out changes no revision, so no key."""
    (departure,) = make_day(8, seats=2)
    segment = get_segment(SegmentRef(departure.pk, "johannesburg", "cape-town"))
    hold_any(segment, 1, HoldRequest("somebody"), fare_class="standard", now=timezone.now())
    SeatClaim.objects.update(expires_at=timezone.now() + timedelta(seconds=10))
    wanted = search_address(passengers=2)
    whole = client.get("/search/", wanted).content.decode()
    part = client.get("/search/", wanted, **HTMX).content.decode()  # of the list that was kept for the first

    still.shift(timedelta(seconds=10))

    assert "Only 1 seat left" in whole
    assert "Only 1 seat left" in part
    assert "Choose seats" in client.get("/search/", wanted, **HTMX).content.decode()


def test_the_strip_marks_the_lowest_day_only_where_prices_differ(client: Client) -> None:
    route = make_route()
    make_day(8, route=route)
    make_day(8, route=route, days=2)

    same = client.get("/search/", search_address()).content.decode()
    make_day(9, route=route, days=3, price=300)
    cache.clear()
    differing = client.get("/search/", search_address()).content.decode()

    assert "is-lowest" not in same
    assert differing.count("is-lowest") == 1


def test_type_ahead_offers_cities_as_options(client: Client) -> None:
    make_route()

    html = client.get("/places/", {"q": "cap"}).content.decode()

    assert 'role="option"' in html
    assert 'data-value="cape-town"' in html
    assert "<html" not in html


def test_type_ahead_says_by_which_other_name_it_found_a_city(client: Client) -> None:
    make_place_name(make_route().destination, "Kaapstad", kind="language")

    html = client.get("/places/", {"q": "kaap"}).content.decode()

    assert 'data-name="Cape Town"' in html
    assert "also known as Kaapstad" in html
    assert "also known as" not in client.get("/places/", {"q": "cap"}).content.decode()


@pytest.mark.parametrize("typed", ["Kaapstad", "kaapstad", "mother-city", "CPT"])
def test_a_search_by_another_name_shows_the_city_and_says_that_it_is_the_one(
    client: Client, typed: str
) -> None:
    make_day(8)
    for name in ("Kaapstad", "Mother City", "CPT"):
        make_place_name(make_city("Cape Town"), name)

    found = client.get("/search/", search_address(to=typed))
    usual = client.get("/search/", search_address())

    html = found.content.decode()
    assert found.status_code == 200
    assert re.search(
        r'role="status">\s*<p>Showing Cape Town, also known as (Kaapstad|Mother City|CPT)\.', html
    )
    assert 'name="to" value="Cape Town"' in html
    assert times(html) == times(usual.content.decode()) != []
    assert "also known as" not in usual.content.decode()
    assert f"to={typed}" not in html  # links are those of the one address


@pytest.mark.parametrize(
    ("typed", "note"),
    [
        ("Cape Twon", "Showing Cape Town for “Cape Twon”."),
        ("cape", "Showing Cape Town for “cape”."),
        ("Kapstad", "Showing Cape Town, also known as Kaapstad, for “Kapstad”."),
    ],
)
def test_a_slip_with_one_candidate_is_searched_at_once(client: Client, typed: str, note: str) -> None:
    make_day(8)
    make_place_name(make_city("Cape Town"), "Kaapstad")

    response = client.get("/search/", search_address(to=typed))

    assert response.status_code == 200
    assert note in response.content.decode()
    assert times(response.content.decode()) == ["08:00"]
    assert note not in client.get("/search/", search_address()).content.decode()


def test_two_candidates_are_offered_as_buttons_that_work_without_script(client: Client) -> None:
    make_day(8)
    make_route("Cape Agulhas", "Johannesburg")

    response = client.get("/search/", search_address(to="cape", child=1, passengers=2))

    html = response.content.decode()
    offered = re.findall(r'<a\s+class="btn btn-small"\s+href="([^"]+)"[^>]*>\s*([^<]+?)\s*<', html)
    assert response.status_code == 422
    assert [name for _address, name in offered] == ["Cape Agulhas", "Cape Town"]
    landed = client.get(unescape(offered[1][0]), follow=True)
    assert landed.status_code == 200
    assert times(landed.content.decode()) == ["08:00"]
    assert "1 adult, 1 child" in landed.content.decode()


@pytest.mark.parametrize("typed", ["", "\x00", "z" * 100_000, "<i>", "%_", "🚌"])
def test_type_ahead_stays_calm(client: Client, typed: str) -> None:
    make_route()

    response = client.get("/places/", {"q": typed})

    assert response.status_code == 200
    assert 'role="option"' not in response.content.decode()


def public_addresses() -> list[Any]:
    pair = reverse("passenger:pair", args=["johannesburg", "cape-town"])
    boards = ["/departures/", "/departures/?city=johannesburg"]
    return [
        "/",
        "/search/",
        *boards,
        "/routes/",
        pair,
        "/places/?q=cap",
        "/sitemap.xml",
        "/robots.txt",
        "/no/such/page/",
    ]


@pytest.mark.parametrize("address", public_addresses())
def test_public_pages_set_no_cookie(client: Client, address: str) -> None:
    make_day(8)

    response = client.get(address)

    assert not response.cookies
    assert "csrfmiddlewaretoken" not in response.content.decode()
    assert "Cookie" not in response.get("Vary", "")


def test_results_set_no_cookie(client: Client) -> None:
    make_day(8)

    response = client.get("/search/", search_address())

    assert response.status_code == 200
    assert not response.cookies


@pytest.mark.parametrize("address", ["/", "/routes/", "/routes/johannesburg-to-cape-town/", "/sitemap.xml"])
def test_a_page_that_has_not_changed_is_not_sent_again(client: Client, address: str) -> None:
    make_day(8)
    first = client.get(address)

    again = client.get(address, HTTP_IF_NONE_MATCH=first["ETag"])

    assert again.status_code == 304
    assert not again.content


def test_a_company_without_passenger_types_answers_too(client: Client) -> None:
    PassengerType.objects.all().delete()

    assert client.get("/search/", search_address()).status_code == 422
