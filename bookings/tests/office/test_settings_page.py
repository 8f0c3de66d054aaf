"""Managers change what the company sets for itself, each change with who, when, before and after."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from bookings.cache.reference_data import reference_data_version, single_version_check
from bookings.domain.company.setting_changes import change_setting, highest_since, list_settings
from bookings.domain.company.settings import SETTINGS, company_settings
from bookings.domain.company.stored_settings import forget_stored_settings
from bookings.models import AuditEntry, CompanySetting, User
from bookings.tests.make import make_user
from bookings.tests.office.conftest import StaffClient
from bookings.tests.office.test_browser import PASSWORD

pytestmark = pytest.mark.django_db
PAGE = "/office/settings/"


@pytest.fixture(autouse=True)
def _read_them(settings: Any) -> Iterator[None]:
    settings.COMPANY_SETTINGS_SECONDS = 600
    forget_stored_settings()
    yield
    forget_stored_settings()


def hold_minutes() -> float:
    """As a request reads it that has read any reference data."""
    with single_version_check():
        reference_data_version()
        return company_settings.hold_minutes


def test_every_default_is_within_the_bounds_of_its_setting(settings: Any) -> None:
    for setting in SETTINGS.values():
        assert setting.read(str(getattr(settings, setting.variable))) == setting.default, setting.name


def test_a_changed_setting_counts_and_is_in_the_history(manager: StaffClient) -> None:
    answer = manager.post(f"{PAGE}hold_minutes/", {"value": " 12,5 ", "seen": ""}, follow=True)

    page = answer.content.decode()
    assert "is now 12.5 (minutes)" in page
    assert "Back to 10" in page
    assert hold_minutes() == 12.5
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after) == ({"value": "10"}, {"value": "12.5"})
    assert (entry.actor, entry.title) == (manager.user, "Hold on the website")
    assert 'value="10"' in manager.get(f"{PAGE}hold_minutes/?value=10").content.decode()

    manager.post(f"{PAGE}hold_minutes/", {"value": "", "seen": "12.5"})

    assert hold_minutes() == 10


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("hold_minutes", "soon", "Enter a number"),
        ("hold_minutes", "0", "Enter a number from 1 to 120 (minutes)"),
        ("hold_minutes", "NaN", "Enter a number from 1"),
        ("refund_days", "9.5", "Enter a whole number"),
        ("hold_minutes", "9.555", "at most two digits"),
        ("voucher_years", "2", "from 3 to 30"),
    ],
)
def test_what_is_wrong_is_told_and_stays(manager: StaffClient, name: str, value: str, words: str) -> None:
    answer = manager.post(f"{PAGE}{name}/", {"value": value, "seen": ""})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert f'value="{value}"' in page
    assert not AuditEntry.objects.exists()


def test_a_variable_of_the_environment_wins_and_locks(manager: StaffClient, settings: Any) -> None:
    change_setting("hold_minutes", "12", seen="", actor=manager.user)
    settings.SET_BY_ENVIRONMENT = frozenset({"HOLD_MINUTES"})

    answer = manager.post(f"{PAGE}hold_minutes/", {"value": "30", "seen": "12"})

    assert "HOLD_MINUTES is set on the server" in answer.content.decode()
    assert company_settings.hold_minutes == 10
    assert CompanySetting.objects.get().value == "12"
    assert "the server: locked" in manager.get(PAGE).content.decode()


def test_two_who_change_at_once_are_told(manager: StaffClient) -> None:
    change_setting("hold_minutes", "12", seen="", actor=make_user(role=User.Role.MANAGER))

    answer = manager.post(f"{PAGE}hold_minutes/", {"value": "15", "seen": ""})

    assert answer.status_code == 422
    assert "Somebody else has just changed this setting" in answer.content.decode()
    assert CompanySetting.objects.get().value == "12"


def test_a_limit_of_money_asks_who_it_is(manager: StaffClient) -> None:
    manager.user.set_password(PASSWORD)
    manager.user.save()
    manager.force_login(manager.user)
    form = {"value": "100", "seen": ""}

    wrong = manager.post(f"{PAGE}void_approval_over/", form | {"password": "nothing"})
    right = manager.post(f"{PAGE}void_approval_over/", form | {"password": PASSWORD})

    assert (wrong.status_code, right.status_code) == (422, 302)
    now = timezone.now()
    assert highest_since("void_approval_over", now - timedelta(days=30)) == Decimal(500)
    assert highest_since("void_approval_over", now + timedelta(days=1)) == Decimal(100)


def test_reading_costs_nothing_until_something_changes(
    manager: StaffClient, django_assert_num_queries: Any
) -> None:
    def read_all() -> list[object]:
        return [getattr(company_settings, name) for name in SETTINGS]

    with single_version_check():
        read_all()
    with django_assert_num_queries(0), single_version_check():
        read_all()
    CompanySetting.objects.create(name="hold_minutes", value="7")  # by another process: its version is new
    with single_version_check():
        reference_data_version()
        with django_assert_num_queries(1):
            assert company_settings.hold_minutes == 7
            read_all()


def test_who_may_look_and_who_may_change(auditor: StaffClient, clerk: StaffClient) -> None:
    page = auditor.get(f"{PAGE}hold_minutes/").content.decode()

    assert "Hold on the website" in page
    assert "New value" not in page
    assert auditor.post(f"{PAGE}hold_minutes/", {"value": "1"}).status_code == 403
    assert clerk.get(PAGE).status_code == 403
    assert len(list_settings()) == len(SETTINGS)
