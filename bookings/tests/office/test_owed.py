"""The page of all that is owed, and its line on the dashboard."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from bookings.domain.counter.owed_refunds import PAGE
from bookings.models import Branch, Order, Refund, RefundAttempt, User
from bookings.tests.make import make_booking, make_branch, make_schedule, make_shift, make_user
from bookings.tests.office.conftest import StaffClient, sign_in

pytestmark = pytest.mark.django_db
OWED = "/office/owed/"


def make_owed(
    amount: int, *, method: str = "cash", days: float = 0, branch: Branch | None = None, **attempt: Any
) -> Refund:
    """A refund that is owed since `days`, of a payment by `method`; `attempt`: of its gateway."""
    since = timezone.now() - timedelta(days=days)
    booking = make_booking(
        fare=amount, now=since, schedule=make_schedule(), paid_by=method, is_online=method == "demo"
    )
    payment = booking.order.payments.get()
    if branch:
        Order.objects.filter(pk=booking.order_id).update(shift=make_shift(make_user(branch=branch)))
    refund = Refund.objects.create(
        order=booking.order, booking=booking, payment=payment, cause="c", amount=amount, created_at=since
    )
    if attempt:
        asked = {"key": f"refund-{refund.pk}", "amount": amount, "asked_at": since, "next_try": since}
        RefundAttempt.objects.create(refund=refund, payment=payment, **asked | attempt)
    return refund


def page_of(client: StaffClient, query: str = "") -> str:
    return " ".join(client.get(OWED + query).content.decode().replace("\u00a0", " ").split())


def test_each_way_with_its_sum_its_oldest_and_the_last_word(manager: StaffClient) -> None:
    now: datetime = timezone.now()
    waits = make_owed(850, days=3)
    make_owed(150, days=1)
    make_owed(200, method="eft", days=0.1)
    asked = {
        "status": "unknown",
        "tries": 2,
        "last_error": "TimeoutError",
        "next_try": now + timedelta(hours=1),
    }
    silent = make_owed(300, method="demo", **asked)
    refused = make_owed(400, method="demo", days=8, status="refused", last_error="account closed")

    page = page_of(manager)

    assert "<b>R1 900</b> <span>owed in all" in page
    for figure in (
        "<b>R1 000</b> <span> waits at a counter, the oldest for 3 days",
        "<b>R200</b> <span> by EFT or to a partner, the oldest for 2 hours",
        "<b>R300</b> <span> on its way through the gateway, the oldest for less than an hour",
        "<b>R400</b> <span> refused by the gateway, the oldest for 8 days",
    ):
        assert figure in page
    assert "TimeoutError; asked 2 times, next on " in page
    assert "<td>account closed</td>" in page
    references = [refund.booking.booking_reference for refund in (refused, waits)]
    assert page.index(references[0]) < page.index(references[1])
    for refund, goes_by_itself in ((waits, False), (refused, False), (silent, True)):
        link = f"/office/bookings/{refund.booking.booking_reference}/refunds/{refund.pk}/"
        assert (link in page) != goes_by_itself


def test_filters_and_pages_keep_each_other(manager: StaffClient) -> None:
    for number in range(PAGE + 1):
        make_owed(100, days=2 + number / 100)
    make_owed(70, days=9)
    make_owed(50, method="eft", days=3)
    make_owed(30)

    counter = page_of(manager, "?way=counter&age=day")
    second = page_of(manager, "?way=counter&age=day&page=2")

    assert counter.count('class="code"') == PAGE
    assert "?way=counter&amp;age=day&amp;page=2" in counter
    assert (second.count('class="code"'), "R30<" in counter + second, "R50<" in second) == (2, False, True)
    assert page_of(manager, "?age=week").count('class="code"') == 1
    assert page_of(manager, "?way=x&age=%00&page=-1").count('class="code"') == PAGE
    assert "Nothing is owed here." in page_of(manager, "?way=refused")


@pytest.mark.parametrize("many", [1, 3])
def test_it_asks_the_same_of_the_database_for_one_and_three(
    manager: StaffClient, django_assert_num_queries: Any, many: int
) -> None:
    for _number in range(many):
        make_owed(100)

    with django_assert_num_queries(5):  # session, user, desk, sums, rows
        manager.get(OWED)


def test_a_supervisor_sees_the_own_branch_and_the_web_and_a_clerk_nothing(
    supervisor: StaffClient, auditor: StaffClient, clerk: StaffClient
) -> None:
    make_owed(111)
    make_owed(222, branch=make_branch())
    elsewhere = make_owed(444, branch=make_branch("Durban"))

    own, everything = page_of(supervisor), page_of(auditor)

    assert [amount in own for amount in ("R111<", "R222<", "R444<")] == [True, True, False]
    assert "R444<" in everything
    assert f"/refunds/{elsewhere.pk}/" not in everything  # an auditor only looks
    assert clerk.get(OWED).status_code == 403


def test_the_dashboard_has_one_line_once_a_day_has_passed(manager: StaffClient, clerk: StaffClient) -> None:
    def line(client: StaffClient) -> bool:
        words = "R850 owed to customers for more than a day, the oldest for 3 days"
        return words in client.get("/office/").content.decode().replace("\u00a0", " ")

    make_owed(50, days=0.5)
    assert "owed to customers" not in manager.get("/office/").content.decode()
    make_owed(800, days=3)
    make_owed(50, days=2, method="demo")

    assert line(manager)
    assert "/office/owed/?age=day" in manager.get("/office/").content.decode()
    assert not line(clerk)


def test_what_is_paid_is_gone(manager: StaffClient) -> None:
    refund = make_owed(120, days=3)
    Refund.objects.filter(pk=refund.pk).update(status="paid", paid_at=timezone.now())

    assert "Nothing is owed here." in page_of(manager)
    assert Decimal(0) == sum(row.amount for row in Refund.objects.filter(status__in=Refund.OPEN))
    assert sign_in(make_user(role=User.Role.MANAGER)).get("/office/").status_code == 200
