import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.cache import cache
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import timezone

from bookings.base.dates import day_text
from bookings.base.errors import RuleBroken
from bookings.models import Line, Schedule
from bookings.passenger.views.help import PAGES
from bookings.tests.make import make_city, make_place_name, make_route
from bookings.tests.passenger.timetable import make_day, search_address

pytestmark = pytest.mark.django_db
PAIR = "/routes/johannesburg-to-cape-town/"


def test_links_of_lists_over_several_days_name_the_day(client: Client) -> None:
    make_day(8)
    tomorrow = day_text(timezone.localtime() + timedelta(days=1))

    pair = client.get(PAIR).content.decode()
    board = client.get("/departures/?city=johannesburg").content.decode()

    assert f"on the 08:00, {tomorrow} coach" in pair
    assert f"Seats on the 08:00, {tomorrow} coach to Cape Town" in board


def test_home_asks_for_each_passenger_type_and_shows_well_travelled_roads(client: Client) -> None:
    make_day(8)

    html = client.get("/").content.decode()

    assert all(
        f'name="{slug}"' in html for slug in ("from", "to", "date", "return", "adult", "child", "student")
    )
    assert PAIR in html


@pytest.mark.parametrize("roads", [1, 3])
def test_home_asks_the_same_queries_however_many_roads(
    client: Client, roads: int, django_assert_num_queries: Callable
) -> None:
    for ends in [("Johannesburg", "Durban"), ("Cape Town", "Durban"), ("Paarl", "Durban")][:roads]:
        make_day(8, route=make_route(*ends))

    with django_assert_num_queries(10):
        client.get("/")


def test_the_board_shows_the_next_departures_with_links_to_seats(client: Client) -> None:
    (departure,) = make_day(1)

    response = client.get("/departures/", {"city": "johannesburg"})

    html = response.content.decode()
    assert response.status_code == 200
    assert "<b>Cape Town</b>" in html
    assert "via Bloemfontein" in html
    assert f"/departures/{departure.pk}/?from=johannesburg-main@0&amp;to=cape-town-main@2" in html


@pytest.mark.parametrize("hours", [(1,), (1, 3, 5)])
def test_the_board_asks_the_same_queries_for_three_rows_as_for_one(
    client: Client, hours: tuple[int, ...], django_assert_num_queries: Callable
) -> None:
    make_day(*hours)

    with django_assert_num_queries(5):
        client.get("/departures/", {"city": "johannesburg"})
    with django_assert_num_queries(2):
        client.get("/departures/", {"city": "johannesburg"})


@pytest.mark.parametrize("target", ["", "board"])
def test_the_board_is_sent_again_only_when_it_changed(
    client: Client, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (departure,) = make_day(1)
    headers = {"HX-Request": "true", "HX-Target": target} if target else {}
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)  # it says when it was drawn, to the minute
    first = client.get("/departures/", {"city": "johannesburg"}, headers=headers)
    headers["If-None-Match"] = first["ETag"]
    same = client.get("/departures/", {"city": "johannesburg"}, headers=headers)
    Schedule.objects.filter(pk=departure.pk).update(status="cancelled")
    changed = client.get("/departures/", {"city": "johannesburg"}, headers=headers)

    assert (same.status_code, same.content, same["ETag"], same["Vary"]) == (
        304,
        b"",
        first["ETag"],
        first["Vary"],
    )
    assert changed.status_code == 200
    assert "Cancelled" in changed.content.decode()


def test_a_visitor_with_a_message_gets_a_page_of_their_own(client: Client) -> None:
    make_day(8)
    plain = client.get("/search/", search_address()).content
    client.cookies["messages"] = CookieStorage(None)._encode([Message(messages.WARNING, "Only for you")])

    mine = client.get("/search/", search_address())

    assert b"Only for you" in mine.content
    assert "ETag" not in mine
    assert client.get("/search/", search_address()).content == plain


def test_the_board_has_pages(client: Client) -> None:
    make_day(1, 3, 5)

    first = client.get("/departures/", {"city": "johannesburg", "page_size": "2"}).content.decode()
    second = client.get(
        "/departures/", {"city": "johannesburg", "page_size": "2", "page": "2"}
    ).content.decode()

    assert "Later" in first
    assert "05:00" not in first
    assert "05:00" in second
    assert "Earlier" in second


def test_the_board_renews_itself_as_a_fragment(client: Client) -> None:
    make_day(1)

    html = client.get(
        "/departures/", {"city": "johannesburg"}, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="board"
    ).content.decode()

    assert html.startswith('<div id="board"')


def test_a_typed_city_leads_to_its_board(client: Client) -> None:
    make_day(8)

    response = client.get("/departures/", {"city": "Cape Town"})

    assert response["Location"] == "/departures/?city=cape-town"


@pytest.mark.parametrize("typed", ["Atlantis", "", "\x00", "<b>x</b>", "x" * 100_000])
def test_an_unknown_city_asks_again(client: Client, typed: str) -> None:
    make_day(8)

    response = client.get("/departures/", {"city": typed})

    assert response.status_code == 422
    assert 'class="error"' in response.content.decode()


def test_the_network_shows_each_line_with_its_cities(client: Client) -> None:
    make_day(8)

    html = client.get("/routes/").content.decode()

    assert all(f"?city={slug}" in html for slug in ("johannesburg", "bloemfontein", "cape-town"))
    assert PAIR in html


@pytest.mark.parametrize("number", [1, 3])
def test_the_network_asks_for_its_lines_and_the_mark(
    client: Client, number: int, django_assert_num_queries: Callable
) -> None:
    for _each in range(number):
        make_route()

    with django_assert_num_queries(2):
        client.get("/routes/")


def test_the_network_has_pages(client: Client) -> None:
    for _each in range(3):
        make_route()

    html = client.get("/routes/", {"page_size": "2", "page": "2"}).content.decode()

    assert html.count('class="panel line"') == 1
    assert "?page=1&amp;page_size=2" in html


def structured(html: str) -> dict[str, Any]:
    return json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)[1])


def test_a_pair_page_tells_search_engines_its_departures(client: Client) -> None:
    make_day(8, 17)

    html = client.get(PAIR).content.decode()

    trips = structured(html)["@graph"]
    assert [trip["departureTime"][11:16] for trip in trips] == ["08:00", "17:00"]
    assert trips[0]["@type"] == "BusTrip"
    assert trips[0]["offers"]["price"] == "600.00"
    assert f'<link rel="canonical" href="{settings.SITE_URL}{PAIR}">' in html


def test_no_name_can_end_the_structured_data(client: Client) -> None:
    make_day(8)
    Line.objects.update(name="</script><script>alert(1)</script>&")

    html = client.get(PAIR).content.decode()

    assert "<script>alert" not in html
    assert structured(html)["@graph"][0]["busName"].endswith("</script><script>alert(1)</script>&")


@pytest.mark.parametrize("hours", [(8,), (8, 12, 17)])
def test_a_pair_page_asks_the_same_queries_for_three_rows_as_for_one(
    client: Client, hours: tuple[int, ...], django_assert_num_queries: Callable
) -> None:
    make_day(*hours)

    with django_assert_num_queries(11):
        client.get(PAIR)


def test_a_pair_without_coaches_is_not_found(client: Client) -> None:
    make_day(8)

    assert client.get("/routes/cape-town-to-johannesburg/").status_code == 404
    assert client.get("/routes/atlantis-to-johannesburg/").status_code == 404


def test_the_sitemap_lists_every_pair(client: Client) -> None:
    make_day(8)

    root = ElementTree.fromstring(client.get("/sitemap.xml").content)

    places = [element.text for element in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert any(place.endswith(PAIR) for place in places)
    # three pages and those of help and company, and three pairs of a route with three cities
    assert len(places) == 3 + len(PAGES) + 3


def test_robots_may_not_read_bookings(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()

    assert "Disallow: /bookings/" in text
    assert "Sitemap: " in text


def test_browsers_find_the_icon_where_they_look_for_it(client: Client) -> None:
    response = client.get("/favicon.ico")

    assert response.status_code == 302
    assert response["Location"].startswith("/static/img/favicon")


def test_a_wrong_address_gets_a_page_of_the_site(client: Client) -> None:
    response = client.get("/no/such/page/")

    assert response.status_code == 404
    assert "Page not found" in response.content.decode()


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "409", "422", "429"])
def test_error_pages_say_the_rule_in_its_own_words(name: str) -> None:
    html = render_to_string(f"errors/{name}.html", {"problem": RuleBroken("The coach <left> early.")})

    assert "The coach &lt;left&gt; early." in html


@pytest.mark.parametrize("name", ["500", "503"])
def test_pages_of_an_outage_ask_nothing(name: str, django_assert_num_queries: Callable) -> None:
    with django_assert_num_queries(0):
        html = render_to_string(f"errors/{name}.html", request=RequestFactory().get("/"))

    assert "Falcon" in html


def test_popular_roads_are_kept(client: Client, django_assert_num_queries: Callable) -> None:
    make_day(8)
    client.get("/")

    with django_assert_num_queries(1):
        client.get("/")
    cache.clear()
    Schedule.objects.all().delete()
    assert "Popular routes" not in client.get("/").content.decode()


@pytest.mark.parametrize(
    ("address", "marked"),
    [
        ("/", ["Search"]),
        ("/search/", ["Search"]),
        ("/departures/", ["Departures"]),
        ("/departures/1/", []),
        ("/routes/", ["Network"]),
        ("/routes/no-such-pair/", ["Network"]),
        ("/bookings/", ["My booking"]),
        ("/no/such/page/", []),
    ],
)
def test_the_menu_marks_where_one_is(client: Client, address: str, marked: list[str]) -> None:
    for _drawn_then_kept in range(2):
        html = client.get(address).content.decode()

        assert re.findall(r'aria-current="page">([^<]+)<', html) == marked


def test_the_demonstration_says_so_at_once(client: Client, settings: Any) -> None:
    shown = []
    for settings.IS_DEMO in (True, False, True):
        shown.append('class="demo-bar' in client.get("/bookings/").content.decode())

    assert shown == [True, False, True]


@pytest.mark.parametrize(
    ("typed", "note"),
    [
        ("jozi", "Showing Johannesburg, also known as Jozi."),
        ("Johanesberg", "Showing Johannesburg for “Johanesberg”."),
    ],
)
def test_a_board_by_another_name_or_a_slip_is_that_of_the_city_and_says_so(
    client: Client, typed: str, note: str
) -> None:
    make_day(8)
    make_place_name(make_city("Johannesburg"), "Jozi")

    html = client.get("/departures/", {"city": typed}).content.decode()
    usual = client.get("/departures/", {"city": "johannesburg"}).content.decode()

    assert "Departures from Johannesburg" in html
    assert note in html
    assert "Showing" not in usual


def test_a_board_of_an_ambiguous_place_offers_its_candidates(client: Client) -> None:
    make_route("Cape Agulhas", "Cape Town")

    answer = client.get("/departures/", {"city": "cape"})

    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="/departures/?city=cape-agulhas"' in html
    assert 'href="/departures/?city=cape-town"' in html


def test_a_pair_by_another_name_moves_to_the_address_of_its_cities(client: Client) -> None:
    make_day(8)
    make_place_name(make_city("Johannesburg"), "Mother of Gold")

    answer = client.get("/routes/mother-of-gold-to-cape-town/")

    assert (answer.status_code, answer["Location"]) == (301, PAIR)
