"""The rules that migrations write, where a test of whole transactions has emptied the database before."""

from datetime import date

import pytest

from bookings.models import DisruptionPolicy, InterestRate


@pytest.fixture(autouse=True)
def _rules_of_the_law(db: None) -> None:
    other_coach = {"kinds": ["delay"], "min_km": 250, "trigger_minutes": 121, "entitlements": ["choice"]}
    assistance = {"kinds": ["cancel", "delay", "breakdown"], "min_minutes": 181, "trigger_minutes": 91}
    overbooked = {"kinds": ["cancel", "swap_coach"], "entitlements": ["interest", "costs"]}
    for code, rules in (
        ("eu-181-2011-art-19", other_coach),
        ("eu-181-2011-art-21", assistance | {"entitlements": ["food", "hotel"], "not_in_weather": ["hotel"]}),
        ("za-cpa-s47", overbooked | {"not_beyond_control": ["costs"]}),
    ):
        DisruptionPolicy.objects.update_or_create(code=code, defaults={"name": code, **rules})
    InterestRate.objects.update_or_create(valid_from=date(2018, 5, 1), defaults={"percent": 10})
