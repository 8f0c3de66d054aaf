from typing import Any

import pytest

from bookings.base.errors import NotFound
from bookings.domain.network.places import find_places, get_place
from bookings.models import City
from bookings.tests.make import make_city, make_route, make_stop

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def network() -> None:
    make_stop("Cape Town", code="cpt-north", name="Bellville")
    make_stop("Cape Town", code="cpt-south", name="Bellville")
    make_route("Johannesburg", "Bloemfontein", "Cape Town")
    make_route("Nurnberg", "Port St Johns", "Jo's Corner")
    nurnberg = make_city("Nurnberg")
    nurnberg.name = "Nürnberg"
    nurnberg.save()
    make_route("Johannesburg", "Durban")


def test_a_city_slug_gives_all_its_stops(network: None) -> None:
    place = get_place("cape-town")

    assert (place.ref, place.name, place.detail, len(place.stop_ids)) == (
        "cape-town",
        "Cape Town",
        "3 stops",
        3,
    )
    assert place.time_zone == "Africa/Johannesburg"


@pytest.mark.parametrize("ref", ["cpt-north", "cpt-north@3"])
def test_a_stop_code_gives_that_stop_with_or_without_a_position(network: None, ref: str) -> None:
    place = get_place(ref)

    assert (place.ref, place.name, place.detail, len(place.stop_ids)) == (
        "cpt-north",
        "Bellville",
        "Cape Town",
        1,
    )


@pytest.mark.parametrize(
    ("typed", "ref", "stops"),
    [
        ("nurnberg", "nurnberg", 1),
        (" NÜRNBERG ", "nurnberg", 1),
        ("cape town", "cape-town", 3),
        ("Bellville", "bellville", 2),
    ],
)
def test_an_exact_name_is_enough_and_gathers_the_stops_that_share_it(
    network: None, typed: str, ref: str, stops: int
) -> None:
    place = get_place(typed)

    assert (place.ref, len(place.stop_ids)) == (ref, stops)
    assert get_place(place.ref) == place


@pytest.mark.parametrize("typed", ["atlantis", "@", "💥", "<b>x</b>"])
def test_what_we_do_not_know_is_refused_in_words(network: None, typed: str) -> None:
    with pytest.raises(NotFound, match="We could not find the place “"):
        get_place(typed)


@pytest.mark.parametrize("typed", ["", "  ", "a\x00b", "x" * 5000])
def test_what_cannot_be_a_place_is_refused_in_words(network: None, typed: str) -> None:
    with pytest.raises(NotFound, match="Please choose a city or a stop"):
        get_place(typed)


def test_a_half_typed_name_is_refused_with_what_it_may_mean(network: None) -> None:
    with pytest.raises(NotFound) as refusal:
        get_place("Jo")

    assert (
        refusal.value.message
        == "We could not find the place “Jo”. Did you mean Johannesburg, Jo's Corner, Port St Johns?"
    )


def test_type_ahead_gives_cities_before_stops_first_words_before_later_ones_and_the_busiest_first(
    network: None,
) -> None:
    names = [place.name for place in find_places("jo")]

    assert names == [
        "Johannesburg",
        "Jo's Corner",
        "Port St Johns",
        "Johannesburg station",
        "Jo's Corner station",
        "Port St Johns station",
    ]


def test_type_ahead_knows_plain_letters_and_leaves_out_what_no_coach_serves(network: None) -> None:
    City.objects.create(name="Nowhere", slug="nowhere")

    assert [place.ref for place in find_places("nurn")] == ["nurnberg", "nurnberg-main"]
    assert find_places("nowhere") == find_places("bellv") == []
    assert find_places("   ") == find_places("\x00") == []


def test_type_ahead_takes_like_signs_as_letters(network: None) -> None:
    assert find_places("%") == find_places("_o") == []


@pytest.mark.parametrize(
    ("typed", "name"),
    [("Blomfonten", "Bloemfontein"), ("johanesberg", "Johannesburg"), ("CAPETOWN", "Cape Town")],
)
def test_a_mistyped_city_is_offered_and_not_taken(network: None, typed: str, name: str) -> None:
    assert [place.name for place in find_places(typed)] == [name]
    with pytest.raises(NotFound, match=f"Did you mean {name}"):
        get_place(typed)


def test_type_ahead_knows_the_code_of_a_stop(network: None) -> None:
    make_route("Durban", "Cape Town")

    assert [place.ref for place in find_places("DURBAN-MAIN")] == ["durban-main"]


def test_type_ahead_stops_at_the_limit(network: None) -> None:
    assert len(find_places("jo", limit=2)) == 2


def test_looking_up_costs_the_same_for_one_or_many(network: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        get_place("cape-town")
    for text in ("bloem", "jo"):
        with django_assert_num_queries(4):
            find_places(text)
        with django_assert_num_queries(1):
            find_places(text)
