"""The table of borders against towns that everybody knows, above all those beside a border."""

import pytest

from bookings.base.countries import country_at

TOWNS = [
    ("ZA", "Johannesburg", -26.2041, 28.0473),
    ("ZA", "Cape Town", -33.9221, 18.4231),
    ("ZA", "Durban", -29.8587, 31.0218),
    ("ZA", "Port Elizabeth", -33.9608, 25.6022),
    ("ZA", "East London", -33.0153, 27.9116),
    ("ZA", "Musina", -22.3381, 30.0417),
    ("ZW", "Beitbridge", -22.2167, 30.0000),
    ("ZA", "Komatipoort", -25.4332, 31.9548),
    ("MZ", "Ressano Garcia", -25.4419, 31.9953),
    ("MZ", "Maputo", -25.9655, 32.5832),
    ("MZ", "Xai-Xai", -25.0519, 33.6442),
    ("LS", "Maseru", -29.3100, 27.4800),
    ("ZA", "Ladybrand", -29.1930, 27.4561),
    ("SZ", "Mbabane", -26.3054, 31.1367),
    ("ZA", "Lochiel", -26.1550, 30.7870),
    ("BW", "Gaborone", -24.6282, 25.9231),
    ("ZA", "Mafikeng", -25.8653, 25.6442),
    ("BW", "Kasane", -17.8167, 25.1500),
    ("ZM", "Livingstone", -17.8419, 25.8544),
    ("ZW", "Victoria Falls", -17.9243, 25.8567),
    ("NA", "Windhoek", -22.5609, 17.0658),
    ("NA", "Walvis Bay", -22.9576, 14.5053),
    ("NA", "Noordoewer", -28.7167, 17.6167),
    ("MW", "Blantyre", -15.7861, 35.0058),
    ("ZM", "Lusaka", -15.3875, 28.3228),
    ("DE", "Berlin", 52.5200, 13.4050),
    ("DE", "Aachen", 50.7855, 6.1365),
    ("AT", "Attnang-Puchheim", 48.0127, 13.7210),
    ("IN", "Panaji", 15.4909, 73.8278),
    ("GB", "London", 51.5074, -0.1278),
    ("US", "Beatty", 36.9086, -116.7592),
    ("SG", "Singapore", 1.3521, 103.8198),
    ("MU", "Port Louis", -20.1609, 57.5012),
]


@pytest.mark.parametrize(("code", "town", "latitude", "longitude"), TOWNS)
def test_towns_lie_in_their_countries(code: str, town: str, latitude: float, longitude: float) -> None:
    assert country_at(latitude, longitude) == code, town


@pytest.mark.parametrize("place", [(-35.0, 0.0), (0.0, -30.0), (89.9, 0.0)])
def test_the_high_seas_are_nobodys(place: tuple[float, float]) -> None:
    assert country_at(*place) == ""
