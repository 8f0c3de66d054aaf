"""The company: entered by a manager, cached like other reference data, and not missed before it is there."""

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from bookings.cache.reference_data import reference_data_version, single_version_check
from bookings.domain.company import details
from bookings.domain.company.details import get_company
from bookings.models import Company
from bookings.tests.make import make_city, make_company

pytestmark = pytest.mark.django_db


def test_a_new_database_has_the_name_of_the_settings_and_nothing_invented(settings: Any) -> None:
    settings.COMPANY_NAME = "Kalahari Coaches"

    company = get_company()

    assert (company.trading_name, company.vat_number, company.phone) == ("Kalahari Coaches", "", "")
    assert not company.is_invented
    assert not Company.objects.exists()


@pytest.mark.parametrize("is_entered", [True, False])
def test_a_request_that_knows_the_reference_data_asks_nothing_more(
    is_entered: bool, django_assert_num_queries: Any
) -> None:
    make_company() if is_entered else make_city()
    get_company()

    with single_version_check(), django_assert_num_queries(1):  # the version
        get_company()
        get_company()


def test_a_change_shows_at_once() -> None:
    make_company()
    assert get_company().phone == "010 123 4567"

    Company.objects.update(phone="010 765 4321")

    assert get_company().phone == "010 765 4321"


def test_pages_show_the_name_of_the_company_without_a_statement_more(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    make_company(trading_name="Kalahari Coaches")
    monkeypatch.setattr(details, "_name", ("", 0.0))
    settings.COMPANY_NAME_SECONDS = 60
    settings.COMPANY_NAME = "Nobody yet"

    def shown(address: str) -> set[str]:
        return set(re.findall("Kalahari Coaches|Nobody yet", client.get(address).content.decode()))

    with django_assert_num_queries(0):
        before = shown("/bookings/")  # a page that asks nothing, when nobody has read the name yet
    client.get("/routes/")
    with django_assert_num_queries(0):
        after = shown("/bookings/")

    assert (before, after) == ({"Nobody yet"}, {"Kalahari Coaches"})


def test_a_page_that_finds_no_database_keeps_the_name(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise DatabaseError

    make_company()
    monkeypatch.setattr(details, "_name", ("Kalahari Coaches", 0.0))
    monkeypatch.setattr(details, "_read", away)
    settings.COMPANY_NAME_SECONDS = 60

    with single_version_check():
        reference_data_version()
        assert details.company_name() == "Kalahari Coaches"


def test_there_is_one_company() -> None:
    make_company()

    for second in (Company(trading_name="Second"), Company(id=2, trading_name="Second")):
        with pytest.raises(IntegrityError), transaction.atomic():
            second.save(force_insert=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vat_number", "123456789"),
        ("vat_number", "5123456789"),
        ("phone", "call us"),
        ("website", "javascript:alert(1)"),
        ("email", "nobody"),
        ("trading_name", ""),
    ],
)
def test_what_papers_could_not_show_is_refused(field: str, value: str) -> None:
    company = make_company()
    setattr(company, field, value)

    with pytest.raises(ValidationError) as refused:
        company.full_clean()

    assert list(refused.value.message_dict) == [field]
