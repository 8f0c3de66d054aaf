"""A compiled query gives what its QuerySet gives, and is put together once."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Upper
from django.db.transaction import TransactionManagementError

from bookings.database.compiled import (
    Parameter,
    compiled,
    compiled_update,
    insert_rows,
    set_related_rows,
)
from bookings.models import City, Hold, LedgerEntry, Schedule, Ticket
from bookings.tests.make import NOW, make_booking, make_city, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@compiled
def departures_from(first: datetime, price: Decimal, coach: int) -> QuerySet[Schedule]:
    return (
        Schedule.objects.select_related("route__line")
        .filter(departure_time__gte=first, price_zar__gte=price, coach=coach)
        .order_by("pk")
    )


@compiled
def tickets_of(reference: str) -> QuerySet[Ticket]:
    return (
        Ticket.objects.select_related("booking__order", "seat")
        .filter(booking__booking_reference=reference)
        .order_by("pk")
    )


@compiled
def facts_of(pk: int) -> QuerySet[Ticket, tuple]:
    return Ticket.objects.filter(pk=pk).values_list(
        "fare", "refund_terms", "booking__boards_at", "booking__order__pays_later"
    )


@compiled_update
def rename(pk: int, name: str) -> tuple[QuerySet[City], dict[str, Any]]:
    return City.objects.filter(pk=pk), {"name": Upper(name), "region": "", "latitude": F("longitude")}


@compiled_update
def postpone(first: datetime, until: datetime) -> tuple[QuerySet[Schedule], dict[str, Any]]:
    return Schedule.objects.filter(departure_time__gte=first), {"departure_time": until, "bus": None}


def test_models_come_as_from_their_queryset() -> None:
    schedule = make_schedule()
    cheaper = make_schedule()
    Schedule.objects.filter(pk=cheaper.pk).update(price_zar=Decimal("0.50"))

    found = departures_from(schedule.departure_time, schedule.price_zar, 1)

    assert found == [schedule]
    assert found[0].route.line == schedule.route.line
    assert (found[0].departure_time, found[0].price_zar) == (schedule.departure_time, schedule.price_zar)
    assert departures_from(schedule.departure_time + timedelta(microseconds=1), schedule.price_zar, 1) == []


def test_related_objects_are_there_without_another_query(django_assert_num_queries: Any) -> None:
    booking = make_booking()
    with django_assert_num_queries(1):
        tickets = tickets_of(booking.booking_reference)
        seen = [(ticket.booking.order, ticket.seat, ticket.refund_terms) for ticket in tickets]

    plain = Ticket.objects.filter(booking=booking)
    assert seen == [(booking.order, ticket.seat, ticket.refund_terms) for ticket in plain]
    assert seen


def test_tuples_come_as_from_their_queryset() -> None:
    ticket = make_booking().tickets.get()

    assert facts_of(ticket.pk) == [(ticket.fare, ticket.refund_terms, ticket.booking.boards_at, False)]
    assert facts_of(pk=ticket.pk + 1) == []


def test_it_is_put_together_once() -> None:
    built = []

    @compiled
    def cities(name: str) -> QuerySet[City]:
        built.append(name)
        return City.objects.filter(name=name)

    for name in ("Durban", "Mbabane", "Durban"):
        make_city(name)
        assert [city.name for city in cities(name)] == [name]
    assert [type(each) for each in built] == [Parameter]


def test_an_update_tells_how_many_rows_it_changed() -> None:
    city, schedule = make_city("Durban"), make_schedule()

    assert rename(city.pk, "eThekwini") == 1
    assert rename(city.pk + 1_000, "nowhere") == 0
    city.refresh_from_db()
    assert city.name == "ETHEKWINI"
    assert postpone(schedule.departure_time, NOW) == 1
    schedule.refresh_from_db()
    assert schedule.departure_time == NOW


def test_nothing_equals_null() -> None:
    with pytest.raises(ValueError, match="None"):
        facts_of(None)


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_within_a_transaction_only() -> None:
    @compiled
    def locked(pk: int) -> QuerySet[Hold]:
        return Hold.objects.select_for_update().filter(pk=pk)

    with transaction.atomic():
        assert locked(1) == []
    if connection.features.has_select_for_update:
        with pytest.raises(TransactionManagementError):
            locked(1)


def test_a_failed_update_leaves_no_doubt_about_its_transaction() -> None:
    make_booking()

    @compiled_update
    def rewrite(account: str, amount: Decimal) -> tuple[QuerySet[LedgerEntry], dict[str, Any]]:
        return LedgerEntry.objects.filter(account=account), {"amount": amount}

    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        rewrite("receivable", Decimal(1))


def test_related_rows_that_were_read_already_are_not_read_again(django_assert_num_queries: Any) -> None:
    booking = make_booking()
    tickets = tickets_of(booking.booking_reference)
    with django_assert_num_queries(0):
        set_related_rows(booking, "tickets", tickets)
        assert list(booking.tickets.all()) == tickets

    assert booking.tickets.filter(pk=tickets[0].pk).count() == 1


@pytest.mark.parametrize("count", [0, 1, 3, 21])
def test_rows_are_inserted_as_by_bulk_create(count: int, django_assert_num_queries: Any) -> None:
    def hold(number: int) -> Hold:
        return Hold(
            token=f"token-{number}", owner="ann", created_at=NOW, expires_at=NOW, draft={"email": "é"}
        )

    rows = [hold(number) for number in range(count)]
    with django_assert_num_queries(min(count, 1)):
        insert_rows(rows)

    assert list(Hold.objects.order_by("pk")) == rows
    assert [(row.token, row.expires_at, row.draft) for row in Hold.objects.order_by("pk")] == [
        (row.token, row.expires_at, row.draft) for row in rows
    ]
    assert all(not row._state.adding for row in rows)


def test_a_row_that_clashes_ends_the_transaction() -> None:
    row = {"token": "one", "owner": "ann", "created_at": NOW, "expires_at": NOW}
    insert_rows([Hold(**row)])

    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows([Hold(**row)])
    assert Hold.objects.count() == 1
