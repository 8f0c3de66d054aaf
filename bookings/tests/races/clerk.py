"""A clerk with a browser, as HTTP: signs in, sells over the counter."""

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.utils import timezone

from bookings.models import User
from bookings.tests.make import make_shift, make_user
from bookings.tests.races.buyer import Buyer, Refused

PASSWORD: Final = "seven green coaches"


def hire() -> User:
    """A clerk with an open shift, whose password the real site can check."""
    clerk = make_user(role=User.Role.CLERK)
    clerk.password = Argon2PasswordHasher().encode(PASSWORD, "0123456789abcdef")
    clerk.save()
    make_shift(clerk, opened_at=timezone.now())
    return clerk


@dataclass
class Clerk(Buyer):
    username: str = ""

    def sign_in(self) -> None:
        self.client.cookies.clear()
        self.get("/office/login/")
        answer = self.post("/office/login/", {"username": self.username, "password": PASSWORD})
        if answer.status_code != 302:
            raise Refused(answer.status_code, "not signed in")

    def sell(self, schedule_id: int, start: str, end: str, **typed: Any) -> str:
        """One seat, for cash; where it leads is the sale's own page."""
        ride = f"/office/sell/?ride={schedule_id}|{start}|{end}"
        self.get(ride)
        held = self.post(ride, {"action": "seats", "wanted": "1"})
        if held.status_code != 302:
            raise Refused(held.status_code, "no seat")
        address = held.headers["location"]
        self.get(address)
        money = {
            "action": "pay",
            "submission": self.fields["submission"],
            "name-0": f"{self.name} {self.surname}",
            "tender": "cash",
        }
        sold = self.post(address, {**money, "amount": "", "reference": "", **typed})
        if sold.status_code != 302:
            raise Refused(sold.status_code, "not sold")
        self.order = sold.headers["location"]
        return self.order
