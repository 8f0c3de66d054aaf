"""The policy is the oracle: each URL of the office × role × method, and rows of another branch."""

from collections.abc import Iterator
from typing import Final

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse

from bookings.base.errors import RuleBroken
from bookings.models import Shift, User
from bookings.office import policy
from bookings.office.access import own_branch, own_branch_or_404
from bookings.office.policy import POLICY, SENDERS, may
from bookings.tests.make import make_branch, make_shift, make_user
from bookings.tests.office.conftest import StaffClient, sign_in
from bookings.tests.races.crowd import SCALE
from bookings.web.access import PUBLIC

USUAL: Final = ["GET", "HEAD", "POST"]
OTHERS: Final = ["PUT", "PATCH", "DELETE", "OPTIONS"]
METHODS: Final = [*USUAL, *OTHERS]
OPEN: Final = {"login", "login_code"}  # to be signed in by
SAMPLES: Final = ["999999999", "ABCDEFGH", "2026-12-01", "x" * 22, "00000000-0000-0000-0000-000000000000"]


def patterns() -> Iterator[URLPattern]:
    for resolver in get_resolver().url_patterns:
        if getattr(resolver, "namespace", None) == "office":
            yield from resolver.url_patterns


def address(pattern: URLPattern, wanted: dict[str, object] | None = None) -> str:
    """An address of the pattern; what stands in it need not exist unless it is `wanted`."""
    if wanted is not None:
        return reverse(f"office:{pattern.name}", kwargs=wanted)
    names = list(pattern.pattern.regex.groupindex)
    for sample in SAMPLES:
        try:
            return reverse(f"office:{pattern.name}", kwargs=dict.fromkeys(names, sample))
        except NoReverseMatch:
            continue
    raise AssertionError(f"none of the samples fits {pattern.pattern}")


def test_every_office_url_has_its_line_and_every_line_its_url() -> None:
    names = [pattern.name for pattern in patterns()]
    public = {pattern.name for pattern in patterns() if getattr(pattern.callback, "access", "") == PUBLIC}

    assert len(names) == len(set(names))
    assert public == OPEN
    assert set(names) - OPEN == set(POLICY)
    assert set(SENDERS) <= set(POLICY)


def test_auditors_send_nothing_but_their_own_account() -> None:
    own = {
        "logout",
        "account",
        "end_sessions",
        "end_session",
        "second_factor",
        "enrol",
        "recovery_codes",
        "drop_second_factor",
    }

    assert {name for name in POLICY if may(User.Role.AUDITOR, name, "POST")} == own


@pytest.mark.parametrize("role", User.Role.values)
def test_each_url_and_method_answers_the_role_as_the_policy_says(db: None, role: str) -> None:
    client = sign_in(make_user(role=role))
    client.raise_request_exception = False
    wrong = []

    for number, pattern in enumerate(patterns()):
        # What no page of ours sends is refused without a look at the address: by turns, but in `make soak`
        others = OTHERS if SCALE else OTHERS[number % len(OTHERS) :][:1]
        for method in [*USUAL, *others] if pattern.name not in OPEN else []:
            if not client.cookies[settings.SESSION_COOKIE_NAME].value:  # it was the way out
                client.force_login(client.user)
            answer = client.generic(method, address(pattern))
            status = answer.status_code
            is_right = status != 403 and status < 500 if may(role, pattern.name, method) else status == 403
            is_right = is_right and (method not in {"PUT", "PATCH", "DELETE"} or status in {403, 405})
            is_out = answer.get("Location", "").startswith("/office/login/") and pattern.name != "logout"
            if is_out or not is_right:
                wrong.append(f"{method} {pattern.name}: {status}")

    assert wrong == []


@pytest.mark.parametrize("method", METHODS)
def test_strangers_are_led_to_the_login(db: None, client: Client, method: str) -> None:
    answers = {
        pattern.name: client.generic(method, address(pattern))
        for pattern in patterns()
        if pattern.name not in OPEN
    }

    assert {
        name
        for name, answer in answers.items()
        if not answer.get("Location", "").startswith("/office/login/")
    } == set()


def test_a_view_without_a_line_is_refused(manager: StaffClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "POLICY", {})

    assert manager.get("/office/").status_code == 403


def test_the_menu_shows_what_the_role_may_open(clerk: StaffClient, auditor: StaffClient) -> None:
    for client in (clerk, auditor):
        links = client.get("/office/").context["office"].links

        places = {link.address for link in links}
        assert "/office/" in places
        assert all(client.get(place).status_code != 403 for place in places)
        assert [link.address for link in links if link.is_current] == ["/office/"]


def test_the_frame_says_who_is_signed_in_where_and_on_which_shift(clerk: StaffClient) -> None:
    shift = make_shift(clerk.user)

    html = clerk.get("/office/").content.decode()

    assert all(words in html for words in ["Nomsa Dlamini", "clerk", "Johannesburg", f"Shift {shift.pk}"])


def request_of(user: User) -> RequestFactory:
    request = RequestFactory().get("/office/")
    request.user = user
    return request


@pytest.mark.parametrize(
    ("role", "sees"),
    [("clerk", False), ("supervisor", False), ("dispatcher", False), ("manager", True), ("auditor", True)],
)
def test_a_row_of_another_branch_is_there_for_managers_and_auditors_only(
    db: None, role: str, sees: bool
) -> None:
    user = make_user(role=role)
    own = make_shift(make_user())
    elsewhere = make_shift(make_user(branch=make_branch("Durban")))

    assert own_branch_or_404(request_of(user), Shift.objects.all(), pk=own.pk) == own
    if sees:
        assert own_branch_or_404(request_of(user), Shift.objects.all(), pk=elsewhere.pk) == elsewhere
    else:
        with pytest.raises(Http404):
            own_branch_or_404(request_of(user), Shift.objects.all(), pk=elsewhere.pk)


def test_without_a_branch_there_is_no_till_and_no_row_of_a_branch(db: None) -> None:
    user = make_user()
    shift = make_shift(user)
    user.branch = None

    with pytest.raises(RuleBroken, match="not assigned to an open branch"):
        own_branch(request_of(user))
    with pytest.raises(Http404):
        own_branch_or_404(request_of(user), Shift.objects.all(), pk=shift.pk)


def test_a_closed_branch_counts_as_none(db: None) -> None:
    user = make_user()
    user.branch.is_active = False

    with pytest.raises(RuleBroken):
        own_branch(request_of(user))


def test_staff_pages_are_kept_by_no_cache(clerk: StaffClient) -> None:
    response: HttpResponse = clerk.get("/office/")

    assert "no-store" in response["Cache-Control"]
    assert "Cookie" in response["Vary"]


def test_a_refusal_stands_in_the_frame_of_the_office(
    clerk: StaffClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "POLICY", {"logout": policy.EVERYBODY})

    html = clerk.get("/office/").content.decode()

    assert "do not have access" in html
    assert "Sign out" in html


def test_a_page_that_is_not_there_is_missed_in_the_frame(clerk: StaffClient) -> None:
    missing = clerk.get("/office/nothing/")
    public = clerk.get("/nothing/")

    assert "Sign out" in missing.content.decode()
    assert "Sign out" not in public.content.decode()
    assert not public.cookies


def test_a_database_that_is_away_is_said_in_the_office_too(
    clerk: StaffClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(store: SessionStore) -> None:
        raise OperationalError

    monkeypatch.setattr(SessionStore, "load", away)

    response = clerk.get("/office/")

    assert response.status_code == 503
    assert "Back in a moment" in response.content.decode()


def test_the_address_of_a_form_reloaded_says_so(manager: StaffClient) -> None:
    answer = manager.get(reverse("office:partner_add"))

    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "This address only accepts forms." in answer.content.decode()
    assert answer["X-Request-ID"] in answer.content.decode()


@pytest.mark.django_db
def test_whoever_is_signed_in_is_not_told_to_sign_in(clerk: StaffClient) -> None:
    page = clerk.get("/office/staff/")

    assert page.status_code == 403
    assert "Your role does not include it" in page.content.decode()
