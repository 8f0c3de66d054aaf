import pytest

from bookings.database.query_log import SlowStatement as Noted
from bookings.domain.maintenance.slow_queries import keep_slow_queries
from bookings.tests.office.conftest import StaffClient

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_manager_sees_how_the_database_is_doing(manager: StaffClient) -> None:
    keep_slow_queries(
        [Noted("SELECT '<script>' FROM x", "bookings/domain/sales/placing.py:12", 3, 900.0, 500.0)]
    )

    html = manager.get("/office/database/").content.decode()

    assert all(
        words in html
        for words in [
            "bookings_seatclaim",
            "schedule_departure_idx",
            "bookings/domain/sales/placing.py:12",
            "500 ms",
        ]
    )
    assert "&lt;script&gt;" in html
    assert '<a href="/office/database/" accesskey="g"' in html


def test_nobody_else_does(
    clerk: StaffClient, supervisor: StaffClient, dispatcher: StaffClient, auditor: StaffClient
) -> None:
    for staff in (clerk, supervisor, dispatcher, auditor):
        assert staff.get("/office/database/").status_code == 403
        assert "/office/database/" not in staff.get("/office/").content.decode()
