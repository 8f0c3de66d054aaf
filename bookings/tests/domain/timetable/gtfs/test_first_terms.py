"""An import into a database that was only migrated: what it brings can be found and sold."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bookings.domain.fares.prices import Party
from bookings.domain.network.places import get_place
from bookings.domain.search.offers import Search, results
from bookings.models import FareClass, PassengerType, RefundTier
from bookings.tests.domain.timetable.gtfs.feeds import MONDAY, import_small
from bookings.tests.make import make_fare_classes, make_passenger_types

pytestmark = pytest.mark.django_db


def test_the_first_import_of_a_company_is_on_sale(tmp_path: Path) -> None:
    report = import_small(tmp_path)

    search = Search(get_place("aandster"), get_place("cilliers"), MONDAY, Party((("adult", 1),)))
    (offer,) = results(search, now=datetime(2026, 12, 1, tzinfo=UTC)).offers
    assert offer.departs == "08:00"
    assert len(report.written.notes) == 2
    assert "Edit them in the admin" in report.written.notes[0]
    assert RefundTier.objects.count() == 3
    kinds = PassengerType.objects.values_list("slug", "discount_percent", "is_adult", "travels_on_lap")
    assert list(kinds) == [
        ("adult", 0, True, False),
        ("child", 50, False, False),
        ("infant", 100, False, True),
    ]


def test_a_second_import_makes_no_more_terms(tmp_path: Path) -> None:
    import_small(tmp_path)

    assert import_small(tmp_path).written.notes == []


def test_what_a_company_has_is_left_as_it_is(tmp_path: Path) -> None:
    make_fare_classes()
    make_passenger_types()
    before = [list(model.objects.order_by("pk").values()) for model in (FareClass, PassengerType)]

    report = import_small(tmp_path)

    assert [list(model.objects.order_by("pk").values()) for model in (FareClass, PassengerType)] == before
    assert report.written.notes == []


def test_a_dry_run_makes_none(tmp_path: Path) -> None:
    import_small(tmp_path, dry_run=True)

    assert not FareClass.objects.exists()
    assert not PassengerType.objects.exists()
