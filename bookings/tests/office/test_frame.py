"""The menu of the office: what stands in it, and that its letters are its own."""

import re
from math import inf
from pathlib import Path

import pytest
from django.conf import settings

from bookings.domain.company import details
from bookings.models import User
from bookings.office.frame import HEADINGS, MENU, Frame
from bookings.tests.make import make_user
from bookings.tests.office.conftest import StaffClient

SIGN_OUT = "q"


def test_no_page_has_the_access_key_of_the_menu() -> None:
    """A browser only moves the focus, and opens nothing, where two elements share a letter."""
    folder = Path(settings.BASE_DIR) / "templates" / "office"
    pages = [path for path in folder.rglob("*.html") if path.name not in ("base.html", "_nav_link.html")]
    taken = {
        letter: path.name for path in pages for letter in re.findall(r'accesskey="([^"]+)"', path.read_text())
    }
    letters = [place.key for place in MENU if place.key] + [SIGN_OUT]

    assert taken
    assert len(letters) == len(set(letters))
    assert set(letters) & set(taken) == set()


def test_an_access_key_is_shown_and_told_with_what_goes_with_it() -> None:
    """Firefox and Macs want other keys beside the letter: office.js puts those in."""
    for path in (Path(settings.BASE_DIR) / "templates" / "office").rglob("*.html"):
        source = path.read_text()
        keys = [key.upper() for key in re.findall(r'accesskey="([a-z])"', source)]
        told = re.findall(r'aria-keyshortcuts="Alt\+([A-Z])"', source)
        assert keys == told, path.name
        hints = re.findall(r"<kbd([^>]*)>(?:Alt\+)?([A-Z])</kbd>", source)
        assert all("data-access-key" in attributes for attributes, _letter in hints), path.name


@pytest.mark.parametrize(
    ("role", "headings"),
    [
        (User.Role.MANAGER, ["Timetable", "Money", "People", "Reports", "System"]),
        (User.Role.AUDITOR, ["Timetable", "Money", "People", "Reports", "System"]),
        (User.Role.SUPERVISOR, ["Money", "Reports"]),
        (User.Role.CLERK, []),
    ],
)
@pytest.mark.django_db
def test_what_is_seldom_needed_stands_under_more_by_its_headings(role: str, headings: list[str]) -> None:
    frame = Frame(make_user(role=role), "/office/staff/")
    links = [link for group in frame.rare_groups for link in group.links]

    assert [str(group.heading) for group in frame.rare_groups] == headings
    assert [str(link.label) for link in links if link.is_current] == ["Staff"] * ("People" in headings)
    assert not any(link.is_current for link in frame.usual_links)
    assert {place.heading for place in MENU} == {"", *HEADINGS}
    assert all(place.key for place in MENU if not place.heading)


@pytest.mark.django_db
def test_a_clerk_has_no_empty_menu(clerk: StaffClient, manager: StaffClient) -> None:
    assert "office-more" not in clerk.get("/office/").content.decode()
    assert '<details class="office-more" data-menu>' in manager.get("/office/").content.decode()


@pytest.mark.django_db
def test_managers_find_the_admin_and_what_they_may_change(
    manager: StaffClient, auditor: StaffClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for client in (manager, auditor):
        User.objects.filter(pk=client.user.pk).update(is_staff=True)
    monkeypatch.setattr(details, "_name", ("Kalahari Coaches", inf))

    pages = [client.get("/office/reference/").context["groups"] for client in (manager, auditor)]
    titles = [[group.title for group in groups] for groups in pages]
    page = manager.get("/office/reference/").content.decode()

    assert titles == [["To change", "To look at"], ["To look at"]]
    assert 'href="/admin/bookings/placename/"' in page
    assert "Kalahari Coaches" in manager.get("/admin/bookings/placename/").content.decode()


@pytest.mark.django_db
def test_who_may_not_open_the_admin_is_told(manager: StaffClient) -> None:
    assert "Your account may not open them" in manager.get("/office/reference/").content.decode()
