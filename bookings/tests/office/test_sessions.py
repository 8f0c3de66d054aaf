"""How long a signed-in session lasts, and what ends it."""

import re
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from bookings.domain.maintenance.cleanup import clean_old_rows
from bookings.domain.staff.roles import SECOND_FACTOR_ROLES
from bookings.models import User
from bookings.office.policy import POLICY, may
from bookings.office.presenters.own_sessions import device_text
from bookings.tests.make import make_user
from bookings.tests.office.conftest import StaffClient, sign_in

PASSWORD = "a-long-enough-pass"
LOGIN = "/office/login/"


def age(client: Client, **seconds: int) -> None:
    session = client.session
    for name, by in seconds.items():
        session[name] -= by
    session.save()


def test_signing_in_gives_the_session_a_new_key(client: Client, db: None) -> None:
    make_user(username="nomsa", password=PASSWORD)
    session = client.session  # a visitor's, whose key a stranger may have planted
    session["visitor"] = "somebody"
    session.save()

    client.post(LOGIN, {"username": "nomsa", "password": PASSWORD})

    assert client.session["_auth_user_id"]
    assert client.session.session_key != session.session_key
    assert not type(session)().exists(session.session_key)


def test_signing_in_again_gives_a_new_key_too(client: Client, db: None) -> None:
    user = make_user(username="nomsa", password=PASSWORD)
    client.force_login(user)
    before = client.session.session_key

    client.post(LOGIN, {"username": "nomsa", "password": PASSWORD})

    assert client.session.session_key != before


def test_a_session_that_nobody_uses_ends(clerk: StaffClient) -> None:
    age(clerk, used_at=31 * 60)

    response = clerk.get("/office/?day=today", follow=True)

    assert response.redirect_chain == [(f"{LOGIN}?next=/office/%3Fday%3Dtoday", 302)]
    assert "signed out because you were inactive" in response.content.decode()
    assert "_auth_user_id" not in clerk.session


def test_each_use_puts_the_idle_limit_off_but_the_day_ends(clerk: StaffClient) -> None:
    age(clerk, used_at=29 * 60)
    assert clerk.get("/office/").status_code == 200
    assert clerk.session["used_at"] > time.time() - 5

    age(clerk, signed_in_at=12 * 3600 + 1)

    assert clerk.get("/office/").status_code == 302


def test_a_page_that_refreshes_itself_keeps_no_session_alive(clerk: StaffClient) -> None:
    age(clerk, used_at=29 * 60)
    before = clerk.session["used_at"]

    clerk.get("/office/", headers={"X-Refresh": "1"})

    assert clerk.session["used_at"] == before


def test_every_page_that_refreshes_itself_says_so() -> None:
    silent = [
        f"{path.name}: {tag[:60]}"
        for path in Path(settings.BASE_DIR, "templates/office").rglob("*.html")
        for tag in re.findall(r"<[^<>]*hx-trigger=\"[^\"]*every [^<]*>", path.read_text())
        if "X-Refresh" not in tag
    ]

    assert silent == []


def test_a_lost_session_moves_the_whole_page_and_returns_to_it(clerk: StaffClient) -> None:
    clerk.logout()

    fragment = clerk.get(
        "/office/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/office/?day=today"}
    )
    form = clerk.post(
        "/office/account/end-sessions/", headers={"Referer": "http://testserver/office/account/"}
    )

    assert fragment["HX-Redirect"] == f"{LOGIN}?next=%2Foffice%2F%3Fday%3Dtoday"
    assert form.url == f"{LOGIN}?next=/office/account/"


def test_a_disabled_user_is_out_at_the_next_request(clerk: StaffClient) -> None:
    User.objects.update(is_active=False)

    assert clerk.get("/office/").url.startswith(LOGIN)


def test_signing_out_everywhere_else_leaves_this_session_alone(db: None) -> None:
    user = make_user(password=PASSWORD)
    here, there = sign_in(user), sign_in(user)

    wrong = here.post("/office/account/end-sessions/", {"password": "wrong"})
    assert there.get("/office/").status_code == 200
    right = here.post("/office/account/end-sessions/", {"password": PASSWORD})

    assert (wrong.status_code, right.status_code) == (422, 302)
    assert "password is incorrect" in wrong.content.decode()
    assert here.get("/office/").status_code == 200
    assert there.get("/office/").status_code == 302


@pytest.mark.parametrize(
    ("new", "again", "words"),
    [
        ("short", "short", "too short"),
        ("9283746510", "9283746510", "entirely numeric"),
        ("password123", "password123", "too common"),
        ("nomsa-dlamini", "nomsa-dlamini", "too similar"),
        ("an-unusual-one", "another-unusual-one", "differ"),
    ],
)
def test_weak_and_mistyped_passwords_are_refused(db: None, new: str, again: str, words: str) -> None:
    client = sign_in(make_user(username="nomsa-dlamini", password=PASSWORD))

    response = client.post("/office/account/", {"password": PASSWORD, "new_password": new, "again": again})

    assert response.status_code == 422
    assert words in response.content.decode()


def test_a_new_password_ends_other_sessions(db: None) -> None:
    user = make_user(password=PASSWORD)
    here, there = sign_in(user), sign_in(user)

    here.post(
        "/office/account/",
        {"password": PASSWORD, "new_password": "an-unusual-one", "again": "an-unusual-one"},
    )

    assert here.get("/office/").status_code == 200
    assert there.get("/office/").status_code == 302
    assert User.objects.get(pk=user.pk).check_password("an-unusual-one")


def test_passenger_pages_touch_no_session_even_for_staff(clerk: StaffClient) -> None:
    response = clerk.get("/")

    assert "Cookie" not in response.get("Vary", "")
    assert not response.cookies


def test_the_admin_is_entered_through_the_office_and_by_its_rules(client: Client, db: None) -> None:
    user = make_user(username="priya", role=User.Role.MANAGER, password=PASSWORD, is_staff=True)

    turned_away = client.get("/admin/bookings/city/", follow=True)
    signed_in = client.post(
        LOGIN, {"username": "priya", "password": PASSWORD, "next": "/admin/bookings/city/"}, follow=True
    )
    age(client, used_at=31 * 60)
    ended = client.get("/admin/", follow=True)

    assert turned_away.redirect_chain[-1][0] == f"{LOGIN}?next=/admin/bookings/city/"
    assert signed_in.redirect_chain[-1][0] == "/admin/bookings/city/"
    assert signed_in.status_code == 200
    assert ended.redirect_chain[-1][0].startswith(LOGIN)
    clerk = make_user(is_staff=False)
    client.force_login(clerk)
    assert client.get("/admin/", follow=True).status_code == 403
    assert user.is_staff


FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:138.0) Gecko/20100101 Firefox/138.0"
PHONE = "Mozilla/5.0 (Linux; Android 14; SM-A546B) AppleWebKit/537.36 Chrome/124.0 Mobile Safari/537.36"


def signed_in_at(username: str, agent: str) -> Client:
    client = Client(headers={"User-Agent": agent})
    client.post(LOGIN, {"username": username, "password": PASSWORD})
    return client


def listed(client: Client) -> list[tuple[str, bool]]:
    rows = client.get("/office/account/").context["sessions"]
    return [(row.device, row.is_current) for row in rows]


def end(client: Client, device: str) -> int:
    row = next(row for row in client.get("/office/account/").context["sessions"] if row.device == device)
    return client.post(f"/office/account/sessions/{row.id}/end/").status_code


def test_own_sessions_are_listed_and_one_ends_at_once(db: None) -> None:
    user = make_user(username="nomsa", password=PASSWORD)
    make_user(username="pieter", password=PASSWORD)
    till, phone = signed_in_at("nomsa", FIREFOX), signed_in_at("nomsa", PHONE)
    stranger = signed_in_at("pieter", PHONE)
    assert listed(till) == [("Firefox on a Windows computer", True), ("Chrome on an Android phone", False)]
    assert "127.0.0.1" in till.get("/office/account/").content.decode()

    assert end(till, "Chrome on an Android phone") == 302

    assert phone.get("/office/").status_code == 302
    assert till.get("/office/").status_code == stranger.get("/office/").status_code == 200
    assert listed(till) == [("Firefox on a Windows computer", True)]
    assert user.history.latest("pk").what == "ended another session"


def test_nobody_ends_somebody_elses_session_nor_their_own_by_mistake(db: None) -> None:
    for name in ("nomsa", "pieter"):
        make_user(username=name, password=PASSWORD)
    nomsa, pieter = signed_in_at("nomsa", FIREFOX), signed_in_at("pieter", PHONE)
    [row] = nomsa.get("/office/account/").context["sessions"]

    pieter.post(f"/office/account/sessions/{row.id}/end/")
    assert nomsa.get("/office/").status_code == 200
    assert nomsa.post(f"/office/account/sessions/{row.id}/end/").status_code == 409
    assert nomsa.get("/office/").status_code == 200


def test_the_list_leaves_out_what_is_over(db: None) -> None:
    make_user(username="nomsa", password=PASSWORD)
    till, idle, left = (signed_in_at("nomsa", FIREFOX) for _browser in range(3))
    age(idle, used_at=31 * 60)
    left.post("/office/logout/")
    assert len(listed(till)) == 1

    signed_in_at("nomsa", PHONE)
    reauthenticated = {"password": PASSWORD}
    till.post("/office/account/end-sessions/", reauthenticated)
    assert listed(till) == [("Firefox on a Windows computer", True)]  # under its new key

    assert clean_old_rows()["sessions of staff"] >= 1
    assert listed(till) == [("Firefox on a Windows computer", True)]


@pytest.mark.parametrize(
    ("agent", "text"),
    [
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
            "Safari on an iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/131.0 Safari/537.36 Edg/131.0", "Edge on a Windows computer"),
        ("Mozilla/5.0 (X11; CrOS x86_64) Chrome/131.0 Safari/537.36", "Chrome on a Chromebook"),
        ("curl/8.5", "a browser that we do not know"),
        ("", "a browser that we do not know"),
    ],
)
def test_a_browser_is_told_in_plain_words(agent: str, text: str) -> None:
    assert device_text(agent) == text


def test_whoever_moves_money_over_the_limits_needs_a_second_factor() -> None:
    """By the pages: those who sign, who direct a refund to an account, and who book what partners pay."""
    movers = {
        role
        for name in ("bank_details", "partner_payment")
        for role in POLICY[name]
        if may(role, name, "POST")
    }
    assert {*User.APPROVERS, *movers} == SECOND_FACTOR_ROLES
