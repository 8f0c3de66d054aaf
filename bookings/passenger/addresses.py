from functools import cache

from django.urls import reverse


def departure_path(schedule_id: int) -> str:
    """As `reverse` gives it, without looking for the pattern anew for each row of a list."""
    return str(schedule_id).join(_around_id())


def booking_address(address: str) -> str:
    """Where seats of our choice are taken on the departure whose page has this address."""
    return address.replace("/?", "/book/?", 1)


@cache
def _around_id() -> list[str]:
    return reverse("passenger:departure", args=[0]).rsplit("0", 1)


@cache
def search_path() -> str:
    return reverse("passenger:search")
