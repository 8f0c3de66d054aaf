"""Files of terminal and bank: read whole or refused with line and column, matched to slips."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.domain.reconciliation.day_page import LineState, statement_page
from bookings.domain.reconciliation.days import business_day
from bookings.domain.reconciliation.differences import open_difference_tasks
from bookings.domain.reconciliation.files import read_file
from bookings.domain.reconciliation.reconcile import reconcile
from bookings.domain.reconciliation.slips import shift_slips
from bookings.domain.reconciliation.uploads import UploadResult, keep_file
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.models import LedgerEntry, Refund, Shift, StaffTask, StatementLine, StatementMatch
from bookings.tests.domain.reconciliation.paying import pay_at_till
from bookings.tests.make import (
    NOW,
    make_approval,
    make_booking,
    make_shift,
    make_statement_line,
    make_user,
)

CARD = "Terminal,Transaction Date,Time,Slip No,Type,Amount,Fee\n"
BANK = "Falcon Bus Lines,,,\nAccount 123,,,\n\nDate,Description,Credit,Debit\n"


def card_file(*lines: str) -> str:
    return CARD + "".join(f"{line}\n" for line in lines)


def test_a_settlement_of_the_terminal_is_read() -> None:
    text = card_file(
        'T1,01/11/2026,09:15,1001,Sale,"1,250.00",-35.00',
        "T1,01/11/2026,09:20,1002,Refund,200.00,0",
        ",,,,Total,1050.00,",
    )

    file = read_file("card", text, now=NOW + timedelta(days=365))

    sale, refund = file.entries
    assert (sale.gross, sale.fee, sale.external_id) == (Decimal(1250), Decimal(-35), "1001")
    assert (sale.kind, refund.kind, refund.gross) == ("payment", "refund", Decimal(-200))
    assert sale.at.isoformat() == "2026-11-01T09:15:00+02:00"
    assert file.left_out == 1


def test_a_list_of_a_bank_is_read_below_what_it_prints_first() -> None:
    text = (
        BANK.replace(",", ";")
        + "2026-11-01;Opening balance;;\n2026-11-01;FBX2 MOKOENA;900,00;\n2026-11-02;RENT;;5 000,00\n"
    )

    file = read_file("eft", text, now=NOW + timedelta(days=365))

    assert [(entry.external_id, entry.gross) for entry in file.entries] == [
        ("FBX2 MOKOENA", Decimal(900)),
        ("RENT", Decimal(-5000)),
    ]


def test_each_mistake_is_named_with_its_line_and_column_and_nothing_is_read() -> None:
    text = card_file(
        "T1,01/11/2026,09:15,1001,Sale,12x,0",
        "T1,31/11/2026,09:15,1002,Sale,10.00,0",
        "T1,01/11/2026,09:15,1003,Sale,10.00,0",
        "T1,01/11/2126,09:15,1004,Sale,10.00,0",
        ",01/11/2026,09:15,,Sale,10.00,0",
    )

    file = read_file("card", text, now=NOW + timedelta(days=365))

    assert file.entries == ()
    assert [(mistake.line, mistake.heading) for mistake in file.mistakes] == [
        (2, "Amount"),
        (3, "Transaction Date"),
        (5, "Transaction Date"),
        (6, "Slip No"),
    ]
    assert "12x" in file.mistakes[0].message


@pytest.mark.parametrize("text", ["", "\n\n", "a,b,c\n1,2,3\n", "Date,Amount\n2026-11-01,5\n", CARD, "\x00"])
def test_what_is_no_such_file_says_what_is_expected(text: str) -> None:
    file = read_file("card", text, now=NOW)

    assert len(file.mistakes) == 1
    assert file.entries == ()


def test_no_card_number_is_kept() -> None:
    text = card_file(
        "T1,01/11/2026,09:15,4111 1111 1111 1111,Sale,10.00,0",
        "T1,01/11/2026,09:16,123456789012,Sale,10.00,0",
    )

    numbers = [entry.external_id for entry in read_file("card", text, now=NOW + timedelta(days=365)).entries]

    assert numbers == ["…1111", "123456789012"]


# Slips


@pytest.fixture
def shift(db: None) -> Shift:
    return make_shift(make_user(), opening_float=500)


def upload(text: str, *, tender: str = "card", now: datetime | None = None) -> UploadResult:
    now = now or timezone.now()
    file = read_file(tender, text, now=now)
    assert file.mistakes == []
    return keep_file(tender, file, make_approval(), by=make_user(role="manager"), now=now)


def line_of(slip: str, amount: str, *, fee: str = "0", kind: str = "Sale") -> str:
    return f"T1,{timezone.localdate():%d/%m/%Y},09:15,{slip},{kind},{amount},{fee}"


def states(shift: Shift, *, later: timedelta = timedelta(0)) -> list[LineState]:
    return [slip.state for slip in shift_slips(shift, now=timezone.now() + later)]


def open_tasks() -> list[str]:
    tasks = StaffTask.objects.filter(kind="statement_difference", done_at=None)
    return list(tasks.values_list("detail", flat=True))


def tasks() -> list[str]:
    return sorted(StaffTask.objects.filter(done_at=None).values_list("subject", flat=True))


def test_a_slip_is_confirmed_by_its_line_and_its_money_reaches_the_bank(shift: Shift) -> None:
    pay_at_till(shift, "card", 900, reference="T1 1001")
    pay_at_till(shift, "card", 450, reference="1002")

    result = upload(card_file(line_of("1001", "900.00", fee="27.00"), line_of("1002", "450.00")))

    assert (result.new, result.known, result.matched) == (2, 0, 2)
    assert states(shift) == [LineState.MATCHED, LineState.MATCHED]
    assert LedgerEntry.objects.balance("card") == 0
    assert LedgerEntry.objects.balance("bank") == Decimal(1323)
    assert LedgerEntry.objects.balance("gateway_fees", gateway="card") == Decimal(27)
    assert tasks() == []
    assert violations(now=timezone.now()) == []


def test_the_same_file_again_changes_nothing(shift: Shift) -> None:
    pay_at_till(shift, "card", 900, reference="1001")
    text = card_file(line_of("1001", "900.00"), line_of("2222", "50.00"), line_of("2222", "50.00"))
    upload(text)
    before = (LedgerEntry.objects.count(), StatementMatch.objects.count(), StaffTask.objects.count())

    result = upload(text)

    assert (result.new, result.known) == (0, 3)
    assert (LedgerEntry.objects.count(), StatementMatch.objects.count(), StaffTask.objects.count()) == before


def test_an_invented_slip_is_a_task_after_two_days_and_a_foreign_line_at_once(shift: Shift) -> None:
    payment = pay_at_till(shift, "card", 900, reference="9999")

    upload(card_file(line_of("1001", "850.00")))

    foreign = f"statement:{StatementLine.objects.get().pk}"
    assert tasks() == [foreign]
    assert states(shift) == [LineState.WAITING]
    reconcile(now=timezone.now() + timedelta(days=2, hours=1))
    assert tasks() == [f"payment:{payment.pk}", foreign]
    assert states(shift, later=timedelta(days=2, hours=1)) == [LineState.OURS_ONLY]


def test_another_amount_on_the_slip_is_a_task(shift: Shift) -> None:
    pay_at_till(shift, "card", 900, reference="1001")

    upload(card_file(line_of("1001", "90.00")))

    assert states(shift) == [LineState.OTHER_AMOUNT]
    assert len(tasks()) == 1


def test_a_slip_that_is_typed_after_its_line_closes_the_task(shift: Shift) -> None:
    upload(card_file(line_of("1001", "900.00")))
    assert len(tasks()) == 1
    pay_at_till(shift, "card", 900, reference="1001")

    reconcile(now=timezone.now())

    assert tasks() == []
    assert states(shift) == [LineState.MATCHED]


def test_slips_whose_file_nobody_ever_uploads_are_one_task(shift: Shift) -> None:
    now = timezone.now()
    for number in range(3):
        pay_at_till(shift, "card", 900, reference=f"100{number}", now=now)
    open_difference_tasks(now=now + timedelta(days=3))
    assert not open_tasks()

    for days in (5, 6, 9):
        open_difference_tasks(now=now + timedelta(days=days))
    (told,) = open_tasks()
    assert "No file of card was uploaded: 3 slips since" in told

    upload(card_file(*(line_of(f"100{number}", "900.00") for number in range(3))))
    pay_at_till(shift, "card", 50, reference="2001", now=now + timedelta(days=9))
    open_difference_tasks(now=now + timedelta(days=10))
    assert not open_tasks()
    open_difference_tasks(now=now + timedelta(days=14))
    assert any("No file of card was uploaded: 1 slips" in detail for detail in open_tasks())


def test_one_line_confirms_one_slip_only(shift: Shift) -> None:
    pay_at_till(shift, "card", 900, reference="1001")
    pay_at_till(shift, "card", 900, reference="1001")

    upload(card_file(line_of("1001", "900.00")))

    assert sorted(states(shift)) == [LineState.MATCHED, LineState.WAITING]


def test_a_transfer_is_found_in_what_the_bank_prints(shift: Shift) -> None:
    pay_at_till(shift, "eft", 900, reference="MOKOENA77")
    today = timezone.localdate().isoformat()

    upload(f"{BANK}{today},CAPITEC MOKOENA77 PAYMENT,900.00,\n{today},RENT,,5000.00\n", tender="eft")

    assert states(shift) == [LineState.MATCHED]
    assert tasks() == []  # the rent is no business of sales


@pytest.mark.django_db
def test_what_a_gateway_paid_out_is_in_its_own_statement() -> None:
    now = timezone.now()
    make_statement_line("payfast", -1579, kind="payout", at=now, day=business_day(now))
    today = timezone.localdate().isoformat()

    upload(f"{BANK}{today},PAYFAST,1579.00,\n{today},UNKNOWN,20.00,\n", tender="eft")

    lines = statement_page("eft", business_day(now), now=now).lines
    assert {line.name: line.state for line in lines} == {
        "PAYFAST": LineState.NOT_OURS,
        "UNKNOWN": LineState.THEIRS_ONLY,
    }
    assert tasks() == [f"statement:{StatementLine.objects.get(external_id='UNKNOWN').pk}"]


def test_a_refund_slip_is_matched_in_its_own_direction(shift: Shift) -> None:
    payment = pay_at_till(shift, "card", 900, reference="1001")
    facts = {"status": "paid", "method": "card", "paid_at": timezone.now(), "created_at": timezone.now()}
    Refund.objects.create(
        order=payment.order, payment=payment, cause="x", amount=200, shift=shift, reference="1002", **facts
    )

    upload(card_file(line_of("1002", "200.00", kind="Refund"), line_of("1001", "900.00")))

    assert states(shift) == [LineState.MATCHED, LineState.MATCHED]


def test_what_a_bank_takes_back_of_a_slip_is_a_chargeback_and_may_come_again(shift: Shift) -> None:
    booking = pay_at_till(shift, "card", 900, reference="T1 1001").order.bookings.get()
    upload(card_file(line_of("1001", "900.00")))

    upload(card_file(line_of("1001", "900.00", kind="Chargeback"), line_of("7777", "50", kind="Dispute")))

    balance = LedgerEntry.objects.balance
    assert (balance("card"), balance("bank"), balance("chargebacks")) == (0, 0, 900)
    assert StaffTask.objects.filter(kind="chargeback", order=booking.order).count() == 1
    assert sum("7777" in detail for detail in open_tasks()) == 1
    owed = cancel_booking(
        CancellationRequest(booking.booking_reference), submission="c", content="", now=timezone.now()
    ).order.refunds.get()
    assert (owed.status, owed.method) == ("paid", "chargebacks")
    assert [each.rule for each in violations(now=timezone.now())] == []

    upload(card_file(line_of("1001", "900.00", kind="Chargeback reversal")))
    assert (balance("card"), balance("bank")) == (0, 900)


def test_slips_of_before_the_first_file_are_not_missed(shift: Shift) -> None:
    pay_at_till(shift, "card", 900, reference="1001", now=timezone.now() - timedelta(days=9))

    upload(card_file(line_of("5000", "10.00")), now=timezone.now() + timedelta(days=5))

    assert [subject.partition(":")[0] for subject in tasks()] == ["statement"]


def test_a_booking_sold_by_eft_has_its_slip(shift: Shift) -> None:
    make_booking(paid_by="eft")  # without a shift: nobody's slip

    assert shift_slips(shift, now=timezone.now()) == []


def test_a_transfer_with_the_reference_of_a_reservation_pays_for_it(shift: Shift) -> None:
    now = timezone.now()
    reserved = make_booking(fare=900, status="pending", now=now)
    code = reserved.booking_reference
    line = f"{timezone.localdate().isoformat()},FNB APP {code[:4]} {code[4:].lower()},900.00,\n"

    result = upload(BANK + line, tender="eft")

    reserved.refresh_from_db()
    assert (result.matched, reserved.status) == (1, "confirmed")
    assert StatementMatch.objects.get().payment == reserved.order.payments.get()
    assert LedgerEntry.objects.balance("eft") == 0
    assert tasks() == []
    assert violations(now=now) == []
    upload(BANK + line, tender="eft")
    assert reserved.order.payments.count() == 1


@pytest.mark.django_db
def test_a_second_transfer_for_a_paid_booking_is_left_to_a_person() -> None:
    paid = make_booking(fare=900, now=timezone.now())
    today = timezone.localdate().isoformat()

    upload(f"{BANK}{today},{paid.booking_reference},900.00,\n", tender="eft")

    assert paid.order.payments.count() == 1
    assert tasks() == [f"statement:{StatementLine.objects.get().pk}"]
