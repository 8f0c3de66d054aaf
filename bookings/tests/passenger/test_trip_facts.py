"""What one must know before paying: under each result, beside the seats, at the checkout, on the review."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.models import Amenity, FareClass, RefundPolicy, Schedule, SeatLayout, Stop
from bookings.tests.make import make_city, make_layout, make_route, make_stop
from bookings.tests.passenger.buying import departure_ahead, details, hold_by, seats_page
from bookings.tests.passenger.timetable import make_day, search_address, tomorrow

pytestmark = pytest.mark.django_db


def facts(html: str) -> dict[str, str]:
    """The first list of facts of a page, as words."""
    shown = re.search(r'<dl class="trip-facts">(.*?)</dl>', html, re.DOTALL)[1]
    rows = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", shown, re.DOTALL)
    return {name: " ".join(unescape(re.sub(r"<[^>]+>", " ", fact)).split()) for name, fact in rows}


@pytest.fixture
def schedule() -> Schedule:
    """To Maputo, over two cities; the first stop has an address and lies on the map."""
    make_stop(
        "Johannesburg", name="Park Station", latitude=Decimal("-26.196667"), longitude=Decimal("28.0419")
    )
    Stop.objects.update(address="96 Rissik Street, Braamfontein")
    make_stop(make_city("Maputo", country="MZ"), name="Baixa", time_zone="Africa/Maputo")
    layout = make_layout(seats=8)
    SeatLayout.objects.filter(pk=layout.pk).update(amenities=[Amenity.WIFI, Amenity.TOILET])
    route = make_route("Johannesburg", "Nelspruit", "Komatipoort", "Maputo", minutes_apart=180)
    return departure_ahead(route=route, layout=layout)


def pages(client: Client, schedule: Schedule) -> dict[str, str]:
    """The pages before paying, by name."""
    day = timezone.localtime(schedule.departure_time).date().isoformat()
    token = hold_by(client, schedule, end="maputo")
    client.post(f"/checkout/{token}/", details())
    addresses = {
        "results": f"/search/?from=johannesburg&to=maputo&date={day}&passengers=2",
        "seats": seats_page(schedule, end="maputo"),
        "details": f"/checkout/{token}/",
        "review": f"/checkout/{token}/?step=review",
    }
    return {name: client.get(address).content.decode() for name, address in addresses.items()}


def test_every_page_before_paying_tells_the_same(client: Client, schedule: Schedule) -> None:
    shown = {name: facts(html) for name, html in pages(client, schedule).items()}

    way = shown["results"].pop("On the way")
    departs = timezone.localtime(schedule.departure_time)
    assert way.startswith(f"{departs + timedelta(hours=3):%H:%M}")
    assert way.split(" ")[-1] == "Komatipoort"
    assert shown["results"] == shown["seats"] == shown["details"] == shown["review"]
    known = shown["review"]
    assert known["From"].startswith(
        f"{departs:%H:%M} Johannesburg, Park Station 96 Rissik Street, Braamfontein"
    )
    assert "Please be there by" in known["From"]
    assert "Maputo, Baixa" in known["To"]
    assert known["Luggage"] == "2 pieces, together up to 30 kg, and one small bag"
    assert known["Papers"] == "Bring a passport that is valid for this border."
    assert known["On board"] == "Wi-Fi, Toilet"
    assert known["Refund"].startswith("Full refund for 60 minutes after booking; 75% refund until")
    assert known["Refund"].endswith("then no refund")
    assert known["Change"].startswith("Online until ")
    assert known["Change"].endswith(f"{departs:%H:%M}; the fee is what a refund keeps")


def test_a_stop_links_to_its_place_on_a_map(client: Client, schedule: Schedule) -> None:
    for html in pages(client, schedule).values():
        links = re.findall(r'href="(https://www\.openstreetmap\.org/[^"]+)"', html)
        assert links == [
            "https://www.openstreetmap.org/?mlat=-26.19667&amp;mlon=28.04190#map=17/-26.19667/28.04190"
        ]


def test_the_facts_open_without_a_script(client: Client, schedule: Schedule) -> None:
    html = pages(client, schedule)["results"]

    assert re.search(r'<details class="offer-facts"><summary>Stops, luggage, refund</summary><dl', html)


def test_a_time_after_midnight_says_so(client: Client) -> None:
    make_day(17)

    way = facts(client.get("/search/", search_address()).content.decode())

    assert way["On the way"] == "22:00 Bloemfontein"
    assert way["To"].startswith("03:00 +1 day Cape Town")


def test_classes_with_other_rules_are_told_apart(client: Client) -> None:
    make_day(8, days=5)
    Schedule.objects.update(layout=make_layout(seats=8, premium=4))
    policy = RefundPolicy.objects.create(code="none", name="None", grace_minutes=0)
    FareClass.objects.filter(code="premium").update(refund_policy=policy)
    page = client.get("/search/", search_address(date=tomorrow(5).isoformat()))

    refund = facts(page.content.decode())["Refund"]

    assert refund.startswith("Standard: Full refund for 60 minutes after booking; 75% refund until")
    assert refund.endswith("Premium: No refund")


@pytest.mark.parametrize("routes", [1, 3])
def test_the_facts_of_a_list_cost_one_query(
    client: Client, routes: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    for hour in range(8, 8 + routes):
        make_day(hour, route=make_route(minutes_apart=300))

    with django_assert_num_queries(13):
        client.get("/search/", search_address())
