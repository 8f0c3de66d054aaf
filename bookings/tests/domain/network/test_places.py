from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from bookings.base.errors import NotFound
from bookings.domain.network.places import UnknownPlace, find_places, get_likely_place, get_place
from bookings.models import City, PlaceName
from bookings.tests.make import make_city, make_place_name, make_route, make_stop

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


# other names


@pytest.fixture
def renamed(network: None) -> City:
    make_route("Gqeberha", "Durban")
    city = City.objects.get(slug="gqeberha")
    for name in ("Port Elizabeth", "PE", "PLZ", "Die Baai"):
        make_place_name(city, name)
    return city


@pytest.mark.parametrize(
    ("typed", "other_name"),
    [
        ("Port Elizabeth", "Port Elizabeth"),
        ("port-elizabeth", "Port Elizabeth"),
        (" PORT  ELIZABETH ", "Port Elizabeth"),
        ("pe", "PE"),
        ("plz", "PLZ"),
        ("gqeberha", ""),
        ("Gqeberha", ""),
    ],
)
def test_another_name_gives_the_city_as_its_own_does_and_says_by_which_it_was_found(
    renamed: City, typed: str, other_name: str
) -> None:
    place = get_place(typed)

    assert place == get_place("gqeberha")
    assert (place.ref, place.name, place.other_name) == ("gqeberha", "Gqeberha", other_name)


@pytest.mark.parametrize(
    ("typed", "other_name"),
    [("port e", "Port Elizabeth"), ("eliz", "Port Elizabeth"), ("PE", "PE"), ("plz", "PLZ"), ("gqe", "")],
)
def test_type_ahead_finds_a_city_by_another_name(renamed: City, typed: str, other_name: str) -> None:
    place = find_places(typed)[0]

    assert (place.ref, place.name, place.other_name) == ("gqeberha", "Gqeberha", other_name)


def test_names_of_their_own_go_before_other_names_but_for_one_that_is_typed_in_full(renamed: City) -> None:
    make_route("Petrusburg", "Durban")
    make_place_name(make_city("Durban"), "Petrus")

    assert [place.ref for place in find_places("port")][:2] == ["port-st-johns", "gqeberha"]
    assert [place.ref for place in find_places("petr")][:2] == ["petrusburg", "durban"]
    assert find_places("petrus")[0].ref == "durban"


def test_a_mistyped_other_name_is_offered_too(renamed: City) -> None:
    assert [(place.ref, place.other_name) for place in find_places("Port Elisabet")] == [
        ("gqeberha", "Port Elizabeth")
    ]


def test_another_name_that_two_cities_share_is_taken_for_neither(renamed: City) -> None:
    make_place_name(make_city("Durban"), "Bay City")
    make_place_name(renamed, "Bay City")

    with pytest.raises(NotFound, match=r"Did you mean Durban, Gqeberha\?"):
        get_place("bay city")


def test_another_name_never_hides_a_place_of_that_name(renamed: City) -> None:
    make_place_name(renamed, "Durban")
    make_place_name(make_stop("Cape Town", code="cpt-north"), "Johannesburg station")

    assert get_place("Durban").ref == "durban"
    assert get_place("Johannesburg station").ref == "johannesburg-main"


def test_a_stop_has_other_names_of_its_own(network: None) -> None:
    make_place_name(make_stop("Cape Town"), "Adderley Street")

    place = get_place("adderley-street")

    assert (place.ref, place.name, place.other_name) == (
        "cape-town-main",
        "Cape Town station",
        "Adderley Street",
    )
    assert find_places("adder")[0] == place


def test_other_names_cost_no_query_more(renamed: City, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(4):
        get_place("port elizabeth")
    with django_assert_num_queries(4):
        find_places("port e")


def test_a_new_name_is_known_at_once(renamed: City) -> None:
    with pytest.raises(NotFound):
        get_place("Ibhayi")

    make_place_name(renamed, "iBhayi")

    assert get_place("Ibhayi").ref == "gqeberha"


@pytest.mark.parametrize("name", ["Port Elizabeth", "port-elizabeth", "’"])
def test_a_name_is_given_once_to_a_place_and_has_letters(renamed: City, name: str) -> None:
    with pytest.raises(ValidationError):
        PlaceName(city=renamed, name=name, kind=PlaceName.Kind.FORMER).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        PlaceName.objects.create(city=renamed, name=name, kind=PlaceName.Kind.FORMER)


def test_a_name_is_of_a_city_or_of_a_stop(renamed: City) -> None:
    for owners in ({}, {"city": renamed, "stop": make_stop("Durban")}):
        with pytest.raises(IntegrityError), transaction.atomic():
            PlaceName.objects.create(name="Nowhere", kind=PlaceName.Kind.FORMER, **owners)


# slips of the pen


@pytest.mark.parametrize(
    ("typed", "ref", "other_name"),
    [
        ("Blomfonten", "bloemfontein", ""),
        ("bloem", "bloemfontein", ""),
        ("Port Elisabet", "gqeberha", "Port Elizabeth"),
        ("port eliz", "gqeberha", "Port Elizabeth"),
    ],
)
def test_a_slip_with_one_candidate_is_taken_and_says_from_what_it_was_guessed(
    renamed: City, typed: str, ref: str, other_name: str
) -> None:
    place = get_likely_place(typed)

    assert (place.ref, place.other_name, place.guessed_from) == (ref, other_name, typed)


@pytest.mark.parametrize("typed", ["bloemfontein", "Port Elizabeth", "cpt-north@3"])
def test_a_name_in_full_is_no_guess(renamed: City, typed: str) -> None:
    assert get_likely_place(typed) == get_place(typed)
    assert get_likely_place(typed).guessed_from == ""


def test_a_slip_with_more_candidates_is_taken_for_none_and_names_them(renamed: City) -> None:
    with pytest.raises(UnknownPlace) as refusal:
        get_likely_place("Jo")

    assert [place.ref for place in refusal.value.candidates] == [
        "johannesburg",
        "jo's-corner",
        "port-st-johns",
    ]
    with pytest.raises(UnknownPlace) as unknown:
        get_likely_place("atlantis")
    assert unknown.value.candidates == ()


@pytest.mark.parametrize(
    "typed", ["cape\u200b-town", "\ufeffCape Town", "Cape\u00a0Town\u200e", "Nu\u0308rnberg", "NURNBERG"]
)
def test_a_pasted_name_is_found_without_what_nobody_sees(network: None, typed: str) -> None:
    assert get_place(typed).name in {"Cape Town", "Nürnberg"}
