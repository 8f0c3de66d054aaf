from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from bookings.demo.company import make_company
from bookings.demo.network import make_lap_type, make_network, make_place_names, make_weekday_fares
from bookings.demo.seed import is_seeded, seed_demo
from bookings.demo.staff import give_addresses, give_password, make_staff
from bookings.domain.fares.prices import fare_table, read_party
from bookings.domain.integrity.invariants import violations
from bookings.domain.inventory.seats import seat_map
from bookings.domain.network.places import find_places, get_place
from bookings.domain.search.days import day_prices
from bookings.domain.search.offers import Search, results
from bookings.domain.timetable.generate import generate_departures
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import (
    Booking,
    Branch,
    City,
    Company,
    Fare,
    Order,
    PassengerType,
    Payment,
    PlaceName,
    Route,
    Schedule,
    Stop,
    Ticket,
)
from bookings.tests.make import make_branch

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)  # 10:00 in Johannesburg, a Tuesday
FEW = frozenset({"FB14"})  # two stops, four departures a day
LONG = frozenset({"FB1"})  # thirteen stops


@pytest.mark.database
@pytest.mark.django_db
def test_every_invariant_holds_on_a_line_of_many_stops() -> None:
    seed_demo(now=NOW, days=3, only_lines=LONG)

    assert set(Booking.objects.values_list("status", flat=True)) == {"pending", "confirmed", "cancelled"}
    assert violations(now=NOW) == []
    assert violations(now=NOW + timedelta(days=2)) == []
    by_partner = Order.objects.filter(partner__name="TravelHub")
    assert 0 < by_partner.count() < Order.objects.count() / 10
    assert set(Payment.objects.filter(order__in=by_partner).values_list("method", "attempt")) == {
        ("partner", None)
    }


def drawn(seed: int) -> list[tuple]:
    """What a first run with this seed sells, taken back afterwards."""
    with transaction.atomic():
        seed_demo(now=NOW, seed=seed, days=2, only_lines=FEW)
        sold = list(
            Ticket.objects.order_by("pk").values_list(
                "booking__booking_reference", "code", "surname", "seat__label", "fare", "status"
            )
        )
        transaction.set_rollback(True)
    return sold


@pytest.mark.django_db
def test_the_same_seed_draws_the_same_bookings_and_another_draws_others() -> None:
    first = drawn(1)

    assert first
    assert drawn(1) == first
    assert drawn(2) != first


@pytest.mark.parametrize(
    ("day", "rand"), [(date(2026, 12, 9), "850"), (date(2026, 12, 10), "1060"), (date(2027, 1, 16), "850")]
)
@pytest.mark.django_db
def test_johannesburg_to_cape_town_costs_what_is_published(day: date, rand: str) -> None:
    make_network(NOW.date(), only_lines=LONG)
    route = Route.objects.get(name="Pretoria – Cape Town", line__code="FB1")
    calls = list(route.calls.select_related("stop__city"))
    board = next(call for call in calls if call.stop.city.slug == "johannesburg")
    fares = fare_table([(board, calls[-1])])
    standard, premium = fares.classes

    price = fares.price(board, calls[-1], standard, price_zar=Decimal(880), day=day)

    assert price == Decimal(rand)
    assert fares.price(board, calls[-1], premium, price_zar=Decimal(880), day=day) > price


@pytest.mark.django_db
def test_fares_differ_by_hour_and_day_so_that_the_lowest_and_the_cheapest_mean_something() -> None:
    make_network(NOW.date(), only_lines=LONG)
    fares = make_weekday_fares(NOW.date())
    generate_departures(first_day=NOW.date(), days=10)
    search = Search(
        get_place("johannesburg"),
        get_place("cape-town"),
        date(2026, 12, 1),
        read_party(1, {}),
        sort="cheapest",
    )

    strip = {each.day.day: each for each in day_prices(search, now=NOW, days=2)}
    offers = results(search, now=NOW).offers

    assert fares > 0
    assert {day: each.price for day, each in strip.items()} == {
        29: "from R810",
        30: "from R810",
        1: "from R730",  # a Tuesday
        2: "from R810",
        3: "from R810",
    }
    assert [day for day, each in strip.items() if each.is_lowest] == [1]
    assert [(offer.departs, offer.price) for offer in offers] == [
        ("08:00", "R730"),
        ("17:00", "R770"),
    ]


@pytest.mark.django_db
def test_the_prices_of_weekdays_are_topped_up_beside_those_that_are_there() -> None:
    make_network(NOW.date(), only_lines=FEW)
    before = set(Fare.objects.values_list("pk", "amount"))

    assert make_weekday_fares(NOW.date()) > 0
    assert make_weekday_fares(NOW.date()) == 0
    assert make_weekday_fares(NOW.date() + timedelta(days=7)) == 2 * 2  # two days of a week, both directions
    assert before <= set(Fare.objects.values_list("pk", "amount"))


@pytest.mark.django_db
def test_the_evening_coach_to_cape_town_keeps_its_times() -> None:
    make_network(NOW.date(), only_lines=LONG)
    generate_departures(first_day=date(2026, 11, 26), days=1)
    departure = Schedule.objects.get(route__name="Pretoria – Cape Town")

    segment = get_segment(SegmentRef(departure.pk, "johannesburg", "cape-town"))

    assert (segment.boards_local.isoformat(), segment.alights_local.isoformat()) == (
        "2026-11-26T17:00:00+02:00",
        "2026-11-27T12:00:00+02:00",
    )
    assert departure.available_seats == 60
    assert seat_map(segment, now=NOW).free == 58  # two places are kept for wheelchairs


@pytest.mark.django_db
def test_a_run_that_was_cut_off_is_finished_by_the_next() -> None:
    make_network(NOW.date(), only_lines=FEW)
    make_staff()

    assert not is_seeded()
    assert seed_demo(now=NOW, days=1, only_lines=FEW).password
    assert is_seeded()


@pytest.mark.django_db
def test_the_command_does_nothing_where_there_is_something(capsys: Any) -> None:
    make_network(NOW.date(), only_lines=FEW)
    make_staff()
    give_password(reset=False)

    call_command("seed_demo", if_empty=True)

    assert capsys.readouterr().out.startswith("The demo company is there. Passwords lost?")
    assert not Schedule.objects.exists()
    assert give_password(reset=False) == ""
    assert Stop.objects.get(code="bfn").name == "Tourist Centre"


@pytest.mark.django_db
def test_the_command_gives_a_company_of_before_the_other_names_of_its_cities() -> None:
    make_network(NOW.date(), only_lines=FEW)
    make_staff()
    give_password(reset=False)
    PlaceName.objects.all().delete()

    call_command("seed_demo", if_empty=True)

    assert PlaceName.objects.exists()


@pytest.mark.django_db
def test_the_company_of_the_demo_is_valid_says_that_it_is_invented_and_stays_as_a_manager_made_it() -> None:
    make_company()
    company = Company.objects.get()
    company.full_clean()
    assert company.is_invented

    Company.objects.update(phone="010 123 4567")
    make_company()

    assert Company.objects.get().phone == "010 123 4567"


@pytest.mark.django_db
def test_every_other_name_of_the_demo_finds_its_city_by_three_letters_and_whole() -> None:
    make_network(NOW.date())
    names = list(PlaceName.objects.select_related("city"))

    assert 80 <= len(names) <= 100
    assert all(name.attested_by and name.kind for name in names)
    # Whoever reads them as a speaker says so in the data.
    assert all("confirmed" in name.attested_by for name in names if name.kind == PlaceName.Kind.LANGUAGE)
    for name in names:
        assert get_place(name.name).name in {name.city.name, *_stops_of(name.city)}
        assert name.city.slug in [place.ref for place in find_places(name.name[:3], 12)]


def _stops_of(city: City) -> list[str]:
    return [stop.name for stop in city.stops.all()]


@pytest.mark.django_db
def test_a_company_without_other_names_gets_them_and_what_a_manager_took_back_stays_away() -> None:
    seed_demo(now=NOW, days=1, only_lines=FEW)
    PlaceName.objects.all().delete()
    make_place_names()
    count = PlaceName.objects.count()
    assert count

    PlaceName.objects.order_by("pk")[0].delete()
    make_place_names()

    assert PlaceName.objects.count() == count - 1


@pytest.mark.django_db
def test_a_demo_company_of_before_gets_infants_and_addresses_and_keeps_what_was_entered() -> None:
    seed_demo(now=NOW, days=1, only_lines=LONG)
    PassengerType.objects.filter(travels_on_lap=True).delete()
    Branch.objects.update(address="", opening_hours="")
    Branch.objects.filter(code="cape-town").update(address="Dock Road")

    call_command("seed_demo", "--if-empty")

    assert PassengerType.objects.get(travels_on_lap=True).discount_percent == 100
    addresses = dict(Branch.objects.values_list("code", "address"))
    assert addresses.pop("cape-town") == "Dock Road"
    assert all(addresses.values())


@pytest.mark.django_db
def test_no_address_is_invented_for_a_company_that_somebody_runs() -> None:
    make_branch()
    Branch.objects.update(code="durban", address="", opening_hours="")
    make_lap_type()
    give_addresses()

    assert not PassengerType.objects.exists()
    assert Branch.objects.get().address == ""
