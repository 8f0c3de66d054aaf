"""A bank list that nobody's bank has written: what it could confirm, and why it does not."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bookings.base.errors import Refusal
from bookings.domain.counter.reservations import reserve
from bookings.domain.counter.sale import Sale
from bookings.domain.counter.tender import Tender, TenderPart, take_payment
from bookings.domain.integrity.invariants import violations
from bookings.domain.reconciliation.files import read_file
from bookings.domain.reconciliation.uploads import UploadResult, keep_file
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.domain.sales.holds import SeatRequest
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Order, OutboxMessage, Payment, Schedule, StaffEvent, StatementLine, User
from bookings.tests.domain.sales.buy import ANN
from bookings.tests.make import NOW, make_approval, make_schedule, make_shift, make_user
from bookings.tests.tampering import no_triggers

pytestmark = [pytest.mark.django_db, pytest.mark.database]
HEADINGS = "Date,Reference,Amount\n"


@pytest.fixture
def manager() -> User:
    return make_user(role=User.Role.MANAGER)


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule()


def waiting_order(manager: User, schedule: Schedule) -> Order:
    """Reserved at the manager's own till, to be paid by EFT."""
    seats = SeatRequest(SegmentRef(schedule.pk, "johannesburg", "cape-town"), ("1A",))
    sale = Sale((ANN,), Tender("eft"), seats=(seats,), phone="+27821234567")
    return reserve(sale, shift=make_shift(manager), submission="r", now=NOW)


def upload(text: str, approval: Approval | None, *, by: User, tender: str = "eft") -> UploadResult:
    file = read_file(tender, text, now=NOW)
    assert file.mistakes == []
    return keep_file(tender, file, approval, by=by, now=NOW)


def test_a_manager_alone_cannot_get_tickets_for_an_invented_transfer(
    manager: User, schedule: Schedule
) -> None:
    order = waiting_order(manager, schedule)
    shift = order.shift
    assert shift
    reference = order.bookings.get().booking_reference
    invented = f"{HEADINGS}2026-12-01,{reference},600.00\n"
    made, reset, maker = (make_user(role=User.Role.SUPERVISOR) for _number in range(3))
    StaffEvent.objects.record(made, "account made", actor=manager, at=NOW - timedelta(days=1))
    StaffEvent.objects.record(reset, "new password", actor=manager, at=NOW - timedelta(days=6, hours=23))
    StaffEvent.objects.record(manager, "account made", actor=maker, at=NOW - timedelta(days=2))

    with pytest.raises(NeedsApproval, match="A second person signs"):
        upload(invented, None, by=manager)
    for signer, words in (
        (manager, "other than yourself"),
        (make_user(role=User.Role.CLERK), "other than yourself"),
        (made, "You made or reset the account"),
        (reset, "You made or reset the account"),
        (maker, "made or reset your account"),
    ):
        with pytest.raises(Refusal, match=words):
            upload(invented, Approval(signer, "seen"), by=manager)
        tender = Tender("eft", reference=reference, approval=Approval(signer, "seen"))
        with pytest.raises(Refusal, match=words):  # nor as money that is said to be here already
            take_payment(order, tender, shift=shift, submission="t", content="", now=NOW)
    parts = Tender("cash", parts=(TenderPart("eft", Decimal(600)),))
    with pytest.raises(Refusal):  # nor as a part of it, which would confirm the rest
        take_payment(order, parts, shift=shift, submission="u", content="", now=NOW)
    with pytest.raises(NeedsApproval):  # nor by an invented settlement of the card terminal
        upload(invented, None, by=manager, tender="card")

    order.refresh_from_db()
    assert (order.status, Payment.objects.count(), StatementLine.objects.count()) == ("pending", 0, 0)

    upload(invented, make_approval(), by=manager)
    order.refresh_from_db()
    assert order.status == "confirmed"
    OutboxMessage.objects.update(sent_at=NOW)
    assert violations(now=NOW) == []
    with no_triggers():
        StatementLine.objects.update(approver=manager)
    assert {each.rule for each in violations(now=NOW)} == {"an upload has its second person"}


SHORT = "Date,Reference,Amount\n01/12/2026,KX7P 2M9Q,600.00\n01/12/2026,KX7P 2M9Q,600.00\n"
LONG = (
    "Posting Date,Description,Credit,Debit\n"
    "2026-12-01 08:55,FNB APP PAYMENT FROM J SMITH KX7P2M9Q,600.00,\n"
    "2026-12-01 08:57,FNB APP PAYMENT FROM J SMITH KX7P2M9Q,600.00,\n"
)


@pytest.mark.parametrize(("first", "second"), [(SHORT, LONG), (LONG, SHORT), (SHORT, SHORT), (LONG, LONG)])
def test_the_same_transfers_in_two_formats_count_once_and_equal_ones_stay_two(
    manager: User, first: str, second: str
) -> None:
    results = [upload(text, make_approval(), by=manager) for text in (first, second)]

    assert [(result.new, result.known) for result in results] == [(2, 0), (0, 2)]


def test_other_transfers_of_the_same_day_and_amount_are_others(manager: User) -> None:
    upload(SHORT, make_approval(), by=manager)
    another = LONG.replace("KX7P2M9Q", "ANOTHER1") + "2026-12-01 09:01,J SMITH KX7P2M9Q,600.00,\n"

    result = upload(another, make_approval(), by=manager)

    assert (result.new, result.known) == (2, 1)
    grown = SHORT + "01/12/2026,KX7P 2M9Q,600.00\n"  # the day's list, with one more
    assert upload(grown, make_approval(), by=manager).new == 1
