"""Django's admin: who sees it, what may be written, and that refusals say why."""

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.admin.policy import PlainAdmin, RecordAdmin, table_using
from bookings.cache.reference_data import reference_data_version
from bookings.models import (
    Branch,
    Bus,
    City,
    Company,
    DisruptionPolicy,
    FareClass,
    InterestRate,
    Line,
    LuggageRule,
    LuggageSpace,
    Order,
    PassengerType,
    PlaceName,
    RefundPolicy,
    RefundTier,
    Route,
    Schedule,
    Seat,
    SeatLayout,
    Stop,
    User,
)
from bookings.tests.make import (
    NOW,
    make_city,
    make_fare_classes,
    make_layout,
    make_passenger_types,
    make_route,
    make_schedule,
    make_stop,
)

PLAIN = [
    Company,
    DisruptionPolicy,
    InterestRate,
    City,
    Stop,
    LuggageRule,
    LuggageSpace,
    PlaceName,
    Line,
    Branch,
    Bus,
    SeatLayout,
    PassengerType,
    FareClass,
    RefundPolicy,
]
OURS = [model for model in admin.site._registry if model._meta.app_label == "bookings"]
RECORDS = [model for model in OURS if model not in PLAIN]


def name(model: type[models.Model]) -> str:
    return model.__name__


def url(model: type[models.Model], action: str, *args: object) -> str:
    return reverse(f"admin:bookings_{model._meta.model_name}_{action}", args=args)


def logged_in(role: str, **fields: object) -> Client:
    user = User.objects.create(username=role, role=role, is_staff=True, **fields)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def manager(db: None) -> Client:
    return logged_in(User.Role.MANAGER)


@pytest.fixture
def auditor(db: None) -> Client:
    return logged_in(User.Role.AUDITOR)


def errors(response: object) -> str:
    form = response.context["adminform"].form
    inlines = [
        error for formset in response.context["inline_admin_formsets"] for error in formset.formset.errors
    ]
    return f"{form.errors} {inlines}"


def test_every_table_is_either_plain_or_read_only() -> None:
    assert {model for model in OURS if isinstance(admin.site._registry[model], PlainAdmin)} == set(PLAIN)
    assert {model for model in OURS if isinstance(admin.site._registry[model], RecordAdmin)} == set(RECORDS)
    assert Group not in admin.site._registry


@pytest.mark.parametrize("model", RECORDS, ids=name)
def test_records_can_be_read_but_not_written_even_by_a_superuser(model: type[models.Model], db: None) -> None:
    client = logged_in(User.Role.MANAGER, is_superuser=True)
    request = client.get(url(model, "changelist")).wsgi_request
    request.user = User.objects.get()
    site = admin.site._registry[model]

    assert client.get(url(model, "changelist")).status_code == 200
    assert client.get(url(model, "add")).status_code == 403
    assert client.post(url(model, "add"), {}).status_code == 403
    assert site.get_model_perms(request) == {"add": False, "change": False, "delete": False, "view": True}


@pytest.mark.parametrize("model", OURS, ids=name)
def test_lists_take_any_search(model: type[models.Model], manager: Client) -> None:
    make_schedule()

    for text in ["", "abc", "12", "9" * 30, "\x00", "J0HN-5M1T", "🚌", "x" * 5000]:
        assert manager.get(url(model, "changelist"), {"q": text}).status_code == 200, text


@pytest.mark.parametrize("model", [Route, Schedule, Stop, Bus], ids=name)
def test_a_list_asks_as_much_for_three_rows_as_for_one(
    model: type[models.Model], manager: Client, django_assert_num_queries: object
) -> None:
    layout = make_layout()
    for number in range(3):
        route = make_route(f"A{number}", f"B{number}")
        make_schedule(route=route, layout=layout)
        Bus.objects.create(bus_number=f"F{number}", registration=f"R{number}", layout=layout)
        if number in (0, 2):
            with django_assert_num_queries(5 if model is Bus else 4):
                manager.get(url(model, "changelist"))


@pytest.mark.parametrize(
    ("role", "model"), product([User.Role.CLERK, User.Role.SUPERVISOR, User.Role.DISPATCHER], [City, Order])
)
def test_other_roles_see_nothing(role: str, model: type[models.Model], db: None) -> None:
    client = logged_in(role)

    assert client.get(reverse("admin:index")).status_code == 200
    assert client.get(url(model, "changelist")).status_code == 403
    assert client.get(url(model, "add")).status_code == 403


def test_strangers_are_sent_to_the_login(client: Client, db: None) -> None:
    assert client.get(url(City, "changelist")).url.startswith(reverse("admin:login"))


@pytest.mark.parametrize("model", PLAIN, ids=name)
def test_auditors_read_plain_tables_and_managers_write_them(
    model: type[models.Model], auditor: Client
) -> None:
    manager = logged_in(User.Role.MANAGER)

    assert (
        auditor.get(url(model, "changelist")).status_code,
        auditor.get(url(model, "add")).status_code,
    ) == (200, 403)
    assert (
        manager.get(url(model, "changelist")).status_code,
        manager.get(url(model, "add")).status_code,
    ) == (200, 200)


def test_a_manager_enters_the_company_once_and_changes_it_afterwards(manager: Client) -> None:
    manager.post(url(Company, "add"), {"trading_name": "Kalahari Coaches", "vat_number": "4123456789"})
    company = Company.objects.get()

    manager.post(url(Company, "change", company.pk), {"trading_name": "Kalahari", "phone": "010 123 4567"})
    wrong = manager.post(url(Company, "change", company.pk), {"trading_name": "K", "vat_number": "123"})

    company.refresh_from_db()
    assert (company.trading_name, company.phone, company.vat_number) == ("Kalahari", "010 123 4567", "")
    assert "Ten digits, of which the first is 4." in errors(wrong)
    assert manager.get(url(Company, "add")).url == url(Company, "change", company.pk)


def test_a_manager_adds_a_city_and_a_stop(manager: Client) -> None:
    manager.post(url(City, "add"), {"name": "Kimberley", "slug": "kimberley", "region": "Northern Cape"})
    city = City.objects.get()

    manager.post(
        url(Stop, "add"),
        {"city": city.pk, "code": "kim", "name": "Station", "time_zone": "Africa/Johannesburg"},
    )

    assert city.plain_name == "kimberley"
    assert Stop.objects.get().plain_name == "station"


def test_a_manager_gives_a_city_another_name_and_takes_it_back(manager: Client) -> None:
    city = make_city("Gqeberha")
    answer = {"city": city.pk, "name": "Port Elizabeth", "kind": "former", "attested_by": "Gazette"}

    manager.post(url(PlaceName, "add"), answer)

    other_name = city.other_names.get()
    assert (other_name.plain_name, other_name.attested_by) == ("port elizabeth", "Gazette")
    assert "Gqeberha" in manager.get(url(City, "changelist"), {"q": "Port E"}).content.decode()
    manager.post(url(PlaceName, "delete", other_name.pk), {"post": "yes"})
    assert not city.other_names.exists()


def test_a_name_given_twice_or_to_nothing_is_refused_in_words(manager: Client) -> None:
    city = make_city("Gqeberha")
    manager.post(url(PlaceName, "add"), {"city": city.pk, "name": "Port Elizabeth", "kind": "former"})

    again = manager.post(url(PlaceName, "add"), {"city": city.pk, "name": "port-elizabeth", "kind": "former"})
    nowhere = manager.post(url(PlaceName, "add"), {"name": "Nowhere", "kind": "former"})

    assert "This city has this name already." in errors(again)
    assert "Choose either a city or a stop." in errors(nowhere)


def test_addresses_are_chosen_once(manager: Client) -> None:
    stop = make_stop("Kimberley", code="kim")

    manager.post(
        url(Stop, "change", stop.pk),
        {"city": stop.city_id, "code": "new", "name": "New name", "time_zone": "Africa/Johannesburg"},
    )

    stop.refresh_from_db()
    assert (stop.code, stop.name) == ("kim", "New name")


def test_a_change_makes_kept_lists_stale(manager: Client) -> None:
    city = make_route().origin
    seen = reference_data_version()

    manager.post(url(City, "change", city.pk), {"name": "Joburg", "region": ""})

    assert reference_data_version() != seen


def test_an_unknown_time_zone_is_refused_in_words(manager: Client) -> None:
    response = manager.post(
        url(Stop, "add"), {"city": make_city().pk, "code": "x", "name": "X", "time_zone": "Mars/Base"}
    )

    assert "Unknown time zone" in errors(response)


def test_a_refund_fee_over_a_hundred_percent_is_refused(manager: Client) -> None:
    tiers = {
        "tiers-TOTAL_FORMS": 1,
        "tiers-INITIAL_FORMS": 0,
        "tiers-0-hours_before": 5,
        "tiers-0-fee_percent": 150,
        "tiers-0-fee_zar": 0,
    }

    response = manager.post(
        url(RefundPolicy, "add"), {"code": "t", "name": "T", "grace_minutes": 0, "grace_hours": 0, **tiers}
    )

    assert "less than or equal to 100" in errors(response)
    assert not RefundTier.objects.exists()


def test_a_fare_class_needs_a_factor_over_nothing(manager: Client) -> None:
    standard, _premium = make_fare_classes()
    fields = {
        "code": "x",
        "name": "X",
        "seat_kinds": ["standard"],
        "refund_policy": standard.refund_policy_id,
        "position": 5,
    }

    assert "must be more than 0" in errors(
        manager.post(url(FareClass, "add"), {**fields, "price_factor": "0"})
    )
    assert manager.post(url(FareClass, "add"), {**fields, "price_factor": "1.1"}).status_code == 302


def test_there_is_one_default_passenger_type(manager: Client) -> None:
    make_passenger_types()
    fields = {
        "slug": "x",
        "name": "X",
        "name_plural": "Xs",
        "discount_percent": 0,
        "position": 9,
        "is_active": "on",
        "is_default": "on",
    }

    assert "is the default" in errors(manager.post(url(PassengerType, "add"), fields))


def test_a_route_of_no_distance_is_refused_in_words(db: None) -> None:
    route = Route(name="X", distance_km=Decimal(0), duration_hours=Decimal(1))

    with pytest.raises(ValidationError, match="The distance must be more than 0 km"):
        route.validate_constraints()


def layout_form(layout: SeatLayout, **changes: object) -> dict:
    seats = list(layout.seats.all())
    form = {"code": layout.code, "name": layout.name, "decks": layout.decks, "amenities": layout.amenities}
    form |= {"seats-TOTAL_FORMS": len(seats), "seats-INITIAL_FORMS": len(seats)}
    for number, seat in enumerate(seats):
        for field in ("id", "label", "deck", "row", "column", "kind"):
            form[f"seats-{number}-{field}"] = getattr(seat, field)
        form[f"seats-{number}-layout"] = layout.pk
        if seat.is_window:
            form[f"seats-{number}-is_window"] = "on"
    return form | changes


def test_a_layout_of_sixty_seats_can_be_changed_while_it_is_not_used(manager: Client) -> None:
    layout = make_layout(seats=60)

    response = manager.post(
        url(SeatLayout, "change", layout.pk),
        layout_form(layout, **{"name": "New", "seats-0-kind": "premium"}),
    )

    assert response.status_code == 302
    assert SeatLayout.objects.get().name == "New"
    assert Seat.objects.get(label="1A").kind == "premium"


def test_a_layout_that_is_sold_on_is_frozen_and_says_so(manager: Client) -> None:
    layout = make_layout()
    make_schedule(layout=layout)

    page = manager.get(url(SeatLayout, "change", layout.pk))
    answer = manager.post(url(SeatLayout, "change", layout.pk), layout_form(layout, name="New"), follow=True)

    assert "can no longer be changed" in page.content.decode()
    assert 'name="name"' not in page.content.decode()
    assert "can no longer be changed" in answer.content.decode()
    assert SeatLayout.objects.get().name == layout.name


def test_what_is_in_use_cannot_be_deleted_and_says_so(manager: Client) -> None:
    city = make_stop("Kimberley").city

    response = manager.post(url(City, "delete", city.pk), {"post": "yes"}, follow=True)

    assert "it is used by stops" in response.content.decode()
    assert City.objects.exists()


def test_what_is_not_in_use_can_be_deleted(manager: Client) -> None:
    city = make_city("Nowhere")

    manager.post(url(City, "delete", city.pk), {"post": "yes"})

    assert not City.objects.exists()


def test_a_row_in_use_is_found_without_reading_its_users(
    db: None, django_assert_max_num_queries: object
) -> None:
    schedule = make_schedule(departs=NOW + timedelta(days=1))

    with django_assert_max_num_queries(12):
        assert table_using(schedule.layout)
        assert not table_using(make_layout())


def test_pages_of_records_show_no_secrets(manager: Client) -> None:
    hidden = {"token", "code", "owner", "token_hash", "password", "content_hash", "network"}
    request = manager.get(reverse("admin:index")).wsgi_request

    for model in RECORDS:
        shown = set(admin.site._registry[model].get_fields(request)) | set(
            admin.site._registry[model].list_display
        )
        assert not shown & hidden, model


def test_the_admin_writes_dates_as_our_pages_do(manager: Client) -> None:
    schedule = make_schedule()

    page = manager.get(url(Schedule, "changelist")).content.decode()

    assert f"{timezone.localtime(schedule.departure_time):%a %-d %b %Y, %H:%M}" in page
