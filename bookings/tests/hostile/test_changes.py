"""What changes something: only a POST with its token, from our own pages, and to our own addresses."""

import hashlib
from datetime import timedelta
from typing import Any, Final

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone

from bookings.domain.messaging.outbox import send_due
from bookings.domain.sales.messages import queue_message
from bookings.models import Heartbeat, Hold, PublishedFile, User
from bookings.tests.hostile.test_headers import problems_of
from bookings.tests.hostile.world import BUYER, GUEST, ROLES, Place, World, addresses, make_world, places
from bookings.tests.make import make_booking, make_schedule, make_user
from bookings.tests.races.crowd import SCALE, many
from bookings.web.access import GATEWAY

pytestmark = pytest.mark.django_db
SIGN_IN: Final = {"office:login", "office:login_code"}
LEADING_AWAY = (
    "https://evil.example/", "//evil.example/", "\\\\evil.example", "/\\evil.example", "http:evil.example",
    "javascript:alert(1)", "https:///evil.example", "\thttps://evil.example",
    "http://127.0.0.1@evil.example/",
)  # fmt: skip


def contents() -> dict[str, str]:
    """A checksum of every table but that of the sessions, of the feed that whoever asks for it has made, and
    what operations write down.
    """
    tables = [
        model
        for model in apps.get_models()
        if model not in (Session, PublishedFile) and model.__module__ != Heartbeat.__module__
    ]
    return {
        model._meta.db_table: hashlib.sha256(
            repr(list(model.objects.order_by("pk").values_list())).encode()
        ).hexdigest()
        for model in tables
    }


def changed(before: dict[str, str]) -> set[str]:
    after = contents()
    return {table for table, checksum in before.items() if after[table] != checksum}


def test_looking_changes_nothing_and_each_page_has_its_headers() -> None:
    """One look at each page proves both; what is personal is kept by no cache."""
    world, wrong = make_world(), []
    before = contents()

    for role in ROLES:
        for place, address in addresses(world, role, rows=many(1, 3)):
            client = world.clients[role]
            if SCALE or role == User.Role.MANAGER or not is_admin(place):
                found = problems_of(place.name, client.get(address), world)
                wrong += [f"{role} {address}: {problem}" for problem in found]
            if SCALE or (role == User.Role.MANAGER and not is_admin(place)):
                client.head(address)

        assert changed(before) == set(), role
    assert wrong == []


def is_admin(place: Place) -> bool:
    return place.name.startswith("admin:")


def test_each_post_without_its_token_is_refused_and_changes_nothing() -> None:
    world, open_to = make_world(), []
    before = contents()

    for role in (GUEST, BUYER, "manager"):
        client = strict(world, role)
        for place, address in addresses(world, role, rows=many(1, 2)):
            if speaks_for_itself(place.callback):
                continue
            response = client.post(address, {"action": "cancel"})
            is_led_on = (
                place.name in SIGN_IN and role == "manager"
            )  # who is signed in already, without a word
            if response.status_code != (302 if is_led_on else 403):
                open_to.append(f"{role} {address}")

    assert open_to == []
    assert changed(before) == set()


def strict(world: World, role: str) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.cookies = world.clients[role].cookies
    return client


def speaks_for_itself(view: Any) -> bool:
    """Views that need no token of ours: no browser's cookie opens them, or the browser itself says where the
    form comes from.

    A gateway signs, a program has a key.
    """
    return getattr(view, "csrf_exempt", False)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_list_without_tokens_books_nothing_for_other_sites(said: dict[str, str]) -> None:
    schedule = make_schedule(departs=timezone.now() + timedelta(days=2))
    address = f"/departures/{schedule.pk}/book/?from=johannesburg&to=cape-town&passengers=1"

    assert Client(enforce_csrf_checks=True).post(address, headers=said).status_code == 302
    assert not Hold.objects.exists()
    own = {"Sec-Fetch-Site": "same-origin"}
    assert Client(enforce_csrf_checks=True).post(address, headers=own).status_code == 302
    assert Hold.objects.count() == 1


def test_only_gateways_and_programs_are_spared_the_token() -> None:
    spared = {
        place.name
        for place in places()
        if speaks_for_itself(place.callback) and getattr(place.callback, "access", "") != GATEWAY
    }

    assert {name for name in spared if not name.startswith(("api:", "v1:"))} == {"passenger:book"}


@pytest.mark.parametrize("wanted", LEADING_AWAY)
def test_signing_in_leads_to_our_own_pages_only(client: Client, settings: Any, wanted: str) -> None:
    make_user(username="nomsa", password="a good long password", role=User.Role.CLERK)

    answer = client.post(
        "/office/login/", {"username": "nomsa", "password": "a good long password", "next": wanted}
    )

    assert (answer.status_code, answer["Location"]) == (302, "/office/")


@pytest.mark.parametrize(
    "header", ["X-Forwarded-Host", "Forwarded", "X-Host", "X-Original-URL", "X-Rewrite-URL"]
)
def test_a_header_does_not_say_who_we_are(client: Client, header: str) -> None:
    page = client.get("/", headers={header: "evil.example"})

    assert page.status_code == 200
    assert b"evil.example" not in page.content
    assert not any("evil" in value for value in page.headers.values())


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "127.0.0.1, evil.example",
        "evil.example:80",
    ],
)
@pytest.mark.parametrize(
    "address", ["/", "/search/", "/office/", "/office/login/", "/admin/", "/nowhere/", "/office/nowhere/"]
)
def test_a_foreign_host_is_refused_on_every_face(client: Client, host: str, address: str) -> None:
    answer = client.get(address, headers={"host": host})

    assert answer.status_code == 400
    assert b"evil" not in answer.content


def test_mails_lead_to_our_own_address(settings: Any) -> None:
    settings.SITE_URL = "https://falconbus.example"
    booking = make_booking()
    queue_message("link", booking.order, booking.order, now=timezone.now())

    send_due()

    assert "https://falconbus.example/bookings/link/" in mail.outbox[0].body
