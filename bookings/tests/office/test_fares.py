"""The fares of a route are filled as a triangle and hold from a day on; what is sold keeps its own."""

from datetime import date
from decimal import Decimal

import pytest

from bookings.domain.fares.prices import fare_table
from bookings.domain.timetable.generate import generate_departures
from bookings.models import Fare, Route, TimetableDraft
from bookings.tests.domain.timetable.test_generate import make_service
from bookings.tests.make import make_fare_classes, make_passenger_types
from bookings.tests.office.conftest import StaffClient
from bookings.tests.office.test_timetable import posted

pytestmark = pytest.mark.django_db
SAVE = {"action": "save", "seen": "0", "step": "5", "since": "+1"}


@pytest.fixture
def route(db: None) -> Route:
    make_fare_classes()
    return make_service().route  # Johannesburg, Bloemfontein 150 km, Cape Town 300 km


def page_of(route: Route) -> str:
    return f"/office/fares/{route.pk}/"


def publish(manager: StaffClient) -> None:
    draft = TimetableDraft.objects.latest("pk")
    manager.post(f"/office/timetable/drafts/{draft.pk}/publish/", {"seen": draft.version})


def price(route: Route, pair: tuple[int, int], day: date) -> Decimal | None:
    calls = list(route.calls.order_by("position"))
    board, alight = calls[pair[0]], calls[pair[1]]
    table = fare_table([(board, alight)])
    return table.price(board, alight, table.classes[0], price_zar=Decimal(500), day=day)


def test_fares_hold_from_their_day_on(manager: StaffClient, route: Route) -> None:
    form = {"fare-0-1": "250", "fare-0-2": "R480,50", "fare-1-2": "-"}

    answer = manager.post(page_of(route), SAVE | form, follow=True)

    assert "3 pairs of stops, from Wed 2 Dec 2026" in answer.content.decode()
    publish(manager)
    before, after = date(2026, 12, 1), date(2026, 12, 2)
    assert [price(route, pair, before) for pair in ((0, 1), (0, 2), (1, 2))] == [250, 500, 250]
    assert [price(route, pair, after) for pair in ((0, 1), (0, 2), (1, 2))] == [250, Decimal("480.50"), None]


def test_a_pair_that_is_emptied_is_priced_by_distance_again(manager: StaffClient, route: Route) -> None:
    first, _second, last = route.calls.order_by("position")
    standard = make_fare_classes()[0]
    pair = {"from_stop": first, "to_stop": last, "fare_class": standard}
    fare = Fare.objects.create(route=route, **pair, amount=300, valid_from=date(2026, 1, 1))
    assert posted_fares(manager, route)["fare-0-2"] == "300"

    manager.post(page_of(route), SAVE)
    publish(manager)

    fare.refresh_from_db()
    assert fare.valid_to == date(2026, 12, 1)
    assert price(route, (0, 2), date(2026, 12, 2)) == 500


def posted_fares(manager: StaffClient, route: Route) -> dict[str, str]:
    return posted(manager.get(page_of(route)).content.decode(), "fare-")


@pytest.mark.parametrize(
    ("fill", "values"),
    [
        ({"action": "km", "per_km": "1,33"}, ['value="200"', 'value="400"', 'value="-"']),
        ({"action": "percent", "percent": "10"}, ['value="110"', 'value="330"', 'value="-"']),
        ({"action": "km", "per_km": "1", "least": "180"}, ['value="180"', 'value="300"', 'value="-"']),
    ],
)
def test_the_table_is_filled_before_anything_is_saved(
    manager: StaffClient, route: Route, fill: dict, values: list[str]
) -> None:
    typed = {"fare-0-1": "100", "fare-0-2": "300", "fare-1-2": "-"}

    answer = manager.post(page_of(route), SAVE | typed | fill)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert all(value in page for value in values)
    assert not TimetableDraft.objects.exists()


def test_fares_are_copied_from_the_way_back(manager: StaffClient, route: Route) -> None:
    first, _second, last = route.calls.order_by("position")
    standard = make_fare_classes()[0]
    Fare.objects.create(
        route=route,
        from_stop=first,
        to_stop=last,
        fare_class=standard,
        amount=333,
        valid_from=date(2026, 1, 1),
    )
    back = manager.get(f"/office/timetable/routes/new/?reverse={route.pk}", follow=True)
    address = back.redirect_chain[-1][0].partition("?")[0]
    form = posted(back.content.decode()) | {"action": "save", "line_code": "L9", "since": "+1", "seen": "0"}
    manager.post(address, form)
    row = address.rstrip("/").rpartition("/")[2]

    answer = manager.post(f"/office/fares/{row}/", SAVE | {"action": "copy", "like": route.pk})

    assert 'value="333"' in answer.content.decode()


def test_each_mistake_is_told_at_its_cell(manager: StaffClient, route: Route) -> None:
    answer = manager.post(
        page_of(route), SAVE | {"fare-0-1": "cheap", "fare-0-2": "480", "until": "2026-01-01"}
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    for text in ("Enter rand, or - if it is not sold.", 'value="cheap"', 'value="480"', "before the first"):
        assert text in page


def test_what_would_it_cost_says_which_rule_makes_the_price(clerk: StaffClient, route: Route) -> None:
    make_passenger_types()
    generate_departures(days=5)
    first, second, _last = route.calls.order_by("position")
    standard = make_fare_classes()[0]
    pair = {"from_stop": first, "to_stop": second, "fare_class": standard}
    Fare.objects.create(route=route, **pair, amount=300, valid_from=date(2026, 12, 3))

    pages = [
        clerk.get(f"/office/fares/cost/?start=johannesburg&end={end}&day={day}").content.decode()
        for end, day in (
            ("bloemfontein", "2026-12-02"),
            ("bloemfontein", "2026-12-03"),
            ("Bloemf", "2026-12-03"),
        )
    ]

    assert "150 km of the departure at R500: R250" in pages[0]
    assert "150 km of the departure at R500: R250 × 1.35" in pages[0]
    assert "fare from Thu 3 Dec 2026 R300" in pages[1]
    assert "Child R150" in pages[1]
    assert "R405" in pages[2]  # premium
    nowhere = clerk.get("/office/fares/cost/?start=atlantis&end=bloemfontein&day=t")
    assert nowhere.status_code == 422
    assert "could not find the place “atlantis”" in nowhere.content.decode()
