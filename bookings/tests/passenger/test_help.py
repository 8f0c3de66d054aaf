"""Company and help pages: facts from where the product takes them, and nothing that nobody entered."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page

from bookings.models import Branch, Company, PassengerType, RefundTier, Seat
from bookings.passenger.views.help import PAGES
from bookings.tests.browser import SCHEMES, barriers, watch
from bookings.tests.domain.tickets.test_receipts import plain
from bookings.tests.make import (
    make_branch,
    make_city,
    make_company,
    make_fare_classes,
    make_layout,
    make_passenger_types,
)

ADDRESSES = [
    "/help/",
    "/help/luggage/",
    "/help/children/",
    "/help/accessibility/",
    "/help/documents/",
    "/terms/",
    "/about/",
    "/contact/",
    "/privacy/",
]


def text_of(client: Client, address: str) -> str:
    return plain(client.get(address).content.decode())


@pytest.mark.django_db
@pytest.mark.parametrize("is_entered", [True, False])
def test_every_page_is_there_with_and_without_a_company_and_links_the_others(
    client: Client, is_entered: bool
) -> None:
    if is_entered:
        make_company()
    for address in ADDRESSES:
        page = client.get(address)
        html = page.content.decode()

        assert page.status_code == 200
        assert not page.cookies
        assert [other for other in ADDRESSES if f'href="{other}"' not in html] == []
        assert html.count('aria-current="page"') == 1
    assert len(PAGES) == len(ADDRESSES)


@pytest.mark.django_db
def test_the_footer_of_every_page_and_the_sitemap_lead_to_them(client: Client) -> None:
    make_city()
    home, sitemap = client.get("/").content.decode(), client.get("/sitemap.xml").content.decode()

    for address in ADDRESSES:
        assert f'href="{address}"' in home
        assert f"{address}</loc>" in sitemap


@pytest.mark.django_db
def test_what_a_manager_changes_shows_at_once(client: Client, settings: Any) -> None:
    make_company(whatsapp="082 123 4567")
    make_branch("Park Station")
    make_passenger_types()
    standard, _premium = make_fare_classes()
    before = {address: text_of(client, address) for address in ADDRESSES}

    Company.objects.update(phone="010 765 4321", legal_name="Kalahari (Pty) Ltd")
    PassengerType.objects.filter(slug="student").update(discount_percent=35, proof="student card")
    RefundTier.objects.filter(policy=standard.refund_policy, hours_before=48).update(fee_percent=10)
    settings.HOLD_MAX_SEATS = 4
    settings.SALES_CLOSE_MINUTES = 45.0
    after = {address: text_of(client, address) for address in ADDRESSES}

    assert "010 123 4567" in before["/contact/"]
    assert "Park Station" in before["/contact/"]
    assert "Telephone 010 765 4321" in after["/contact/"]
    assert "Kalahari (Pty) Ltd" in after["/about/"]
    assert "Student 35% off" in after["/help/children/"]
    assert "student card" in after["/help/children/"]
    assert "48 hours or more before departure 90% refund" in after["/terms/"]
    assert "Up to 4 at a time" in after["/help/"]
    assert "Online until 45 minutes before departure" in after["/help/"]
    assert "1 hour if you cross a border" in after["/help/"]
    assert "up to 20 kg" in after["/help/luggage/"]
    assert 'href="https://wa.me/27821234567"' in client.get("/contact/").content.decode()


@pytest.mark.django_db
def test_a_counter_says_where_it_is_and_when_it_is_open(client: Client) -> None:
    make_branch("Park Station")
    Branch.objects.update(address="12 Rissik Street\n2001", opening_hours="Every day 05:00–23:00")

    assert "Park Station 12 Rissik Street 2001 Every day 05:00–23:00" in text_of(client, "/contact/")


@pytest.mark.django_db
def test_the_page_of_children_says_who_sits_on_a_lap_and_who_may_not_go_alone(client: Client) -> None:
    make_passenger_types()
    PassengerType.objects.filter(slug="child").update(is_adult=False)
    assert "travel on the lap" not in text_of(client, "/help/children/")
    infant = {"is_adult": False, "travels_on_lap": True, "discount_percent": 100, "ages": "under 3 years"}
    PassengerType.objects.create(slug="infant", name="Infant", name_plural="Infants", **infant)

    page = text_of(client, "/help/children/")

    assert "Infants (under 3 years) travel on the lap of an adult, one beside each adult" in page
    assert "without a seat: free." in page
    assert "Child 50% off only with an adult in the same booking" in page


@pytest.mark.django_db
def test_the_page_of_accessibility_says_where_the_places_are_and_how_long_they_are_kept(
    client: Client, settings: Any
) -> None:
    assert "None of our coaches has a place for a wheelchair yet." in text_of(client, "/help/accessibility/")
    layout = make_layout()
    Seat.objects.filter(layout=layout, label__in=["1A", "1B"]).update(kind="accessible")
    settings.WHEELCHAIR_RELEASE_HOURS = 6

    page = text_of(client, "/help/accessibility/")

    assert f"{layout.name}: 2 places" in page
    assert "until 6 hours before boarding" in page
    assert "in up to 200 letters" in page


@pytest.mark.django_db
def test_an_invented_company_says_so_on_each_page_and_a_real_one_never(client: Client, settings: Any) -> None:
    settings.IS_DEMO = True
    make_company()
    real = [text_of(client, address) for address in ADDRESSES]
    Company.objects.update(is_invented=True)
    invented = [text_of(client, address) for address in ADDRESSES]

    assert ["is invented" in page for page in (*real, *invented)] == [False] * len(real) + [True] * len(
        invented
    )
    assert {page.count("demonstration") for page in invented} == {1}


@pytest.mark.django_db
def test_a_page_asks_nothing_but_the_version_and_the_counters(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    make_company()
    make_fare_classes()
    for address in ADDRESSES:
        client.get(address)
        with django_assert_max_num_queries(2 if address == "/contact/" else 1):
            client.get(address)


@pytest.fixture
def watched(page: Page) -> Iterator[Page]:
    troubles = watch(page)
    yield page
    assert troubles == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_they_read_well_on_phone_tablet_and_desk_in_both_schemes(watched: Page, live_server: Any) -> None:
    make_company(is_invented=True, opening_hours="Monday to Friday 06:00–22:00", about="Coaches.")
    make_branch()
    make_passenger_types()
    make_fare_classes()
    for address in ADDRESSES:
        watched.goto(f"{live_server}{address}")
        for scheme, rules in SCHEMES:
            watched.emulate_media(color_scheme=scheme)
            assert barriers(watched, *rules) == [], (address, scheme)
        for width in (390, 768, 1280):
            watched.set_viewport_size({"width": width, "height": 900})
            assert watched.evaluate("document.documentElement.scrollWidth") <= width, (address, width)
