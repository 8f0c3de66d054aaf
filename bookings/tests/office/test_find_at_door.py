"""The lists at the door by any part of a name, a seat or a code, without a script."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from bookings.models import Ticket
from bookings.tests.domain.boarding.door import make_coach, sell, stand_by
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("find", "names"),
    [
        ("nga", {"Wanjiru Ng’ang’a"}),
        ("NG'ANG'A, Wan", {"Wanjiru Ng’ang’a"}),
        ("walesa", {"Lech Wałęsa"}),
        ("echwa", {"Lech Wałęsa"}),
        ("moyo", {"Ayanda Moyo"}),
        ("1b", {"Lech Wałęsa"}),
        ("{code}", {"Lech Wałęsa"}),
        ("nobody of this name", set()),
        ("", {"Wanjiru Ng’ang’a", "Lech Wałęsa", "Ayanda Moyo"}),
        (" . ", {"Wanjiru Ng’ang’a", "Lech Wałęsa", "Ayanda Moyo"}),
    ],
)
def test_whoever_is_looked_for_at_the_door_is_shown(clerk: StaffClient, find: str, names: set[str]) -> None:
    now = timezone.now()
    coach = make_coach(departs=now + timedelta(minutes=20))
    sell(coach, "Wanjiru Ng’ang’a", "Lech Wałęsa", now=now)
    stand_by(coach, now=now)
    code = Ticket.objects.get(surname="Wałęsa").spoken_code.lower()

    page = clerk.get(
        f"/office/departures/{coach.pk}/board/",
        {"stop": 0, "find": find.format(code=f"{code[:3]}-{code[3:]}")},
    )

    stop = page.context["stop"]
    shown = {each.name for each in (*stop.ons, *stop.standby) if not each.is_hidden}
    assert shown == names
    hidden = re.findall(r'data-row="\d+"[^>]*\shidden\s*>', page.content.decode())
    assert len(hidden) == 3 - len(names)
    assert stop.expected == 2  # the counts are of all
