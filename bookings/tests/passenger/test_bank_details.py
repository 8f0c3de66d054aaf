"""The page that asks for a bank account, from the mailed link to the refund."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.sales.bank_details import account_of
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.gateway_refunds import pay_refund
from bookings.models import BankDetails, Booking, OutboxMessage, Refund
from bookings.tests.make import make_booking, make_schedule

pytestmark = pytest.mark.django_db
TYPED = {
    "holder": " Thandi  Nkosi ",
    "bank": "FNB",
    "kind": "savings",
    "number": "6200 1234 567",
    "branch_code": "",
}


@pytest.fixture
def booking() -> Booking:
    """Paid by EFT, cancelled; the customer has been asked."""
    now = timezone.now()
    made = make_booking(schedule=make_schedule(departs=now + timedelta(days=30)), paid_by="eft", now=now)
    cancel_booking(CancellationRequest(made.booking_reference), submission="c", content="")
    pay_refund(Refund.objects.get().pk)
    return made


def mailed(kind: str = "bank_details") -> str:
    message = OutboxMessage.objects.filter(kind=kind).latest("pk")
    mail = build_mail(message, now=timezone.now())
    return f"{mail.subject}\n{mail.body}\n{mail.alternatives[0][0]}".replace("\u00a0", " ") if mail else ""


def page(booking: Booking) -> str:
    return f"/bookings/{booking.booking_reference}/bank-details/"


def test_from_the_mail_to_the_refund(client: Client, booking: Booking) -> None:
    mail = mailed()
    assert "Where may we send your refund of R600?" in mail
    link = re.search(r"http\S+/bookings/link/\S+\?to=bank-details", mail)[0]

    opened = client.get(link[link.index("/bookings") :])
    assert opened["Location"] == page(booking)
    form = client.get(page(booking)).content.decode()
    done = client.post(page(booking), TYPED)

    assert "Where may we send your R600?" in form.replace("\u00a0", " ")
    assert done["Location"] == f"/bookings/{booking.booking_reference}/"
    account = account_of(Refund.objects.get(), now=timezone.now())
    assert (account.holder, account.number, account.branch_code) == ("Thandi Nkosi", "62001234567", "250655")
    assert "If this was not you" in mailed("bank_details_given")
    assert mailed() == ""  # a reminder that was still on its way says nothing any more
    assert "We have an account from you already" in client.get(page(booking)).content.decode()
    assert "62001234567" not in client.get(done["Location"]).content.decode()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"holder": " "}, "Please enter the name on the account."),
        ({"bank": ""}, "Please choose the bank."),
        ({"kind": ""}, "Please choose the type of the account."),
        ({"number": "12345"}, "An account number has 6 to 12 digits."),
        ({"number": "4111 1111 1111 1111"}, "An account number has 6 to 12 digits."),
        ({"number": "62001x"}, "An account number has 6 to 12 digits."),
        ({"branch_code": "25065"}, "A branch code has 6 digits."),
        ({"bank": "\x00"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_nothing_typed_is_lost(
    client: Client, booking: Booking, wrong: dict[str, str], says: str
) -> None:
    client.get(re.search(r"/bookings/link/\S+\?to=bank-details", mailed())[0])

    answer = client.post(page(booking), TYPED | wrong)

    shown = answer.content.decode()
    assert answer.status_code == 422
    assert says in shown
    for name in {"holder", "number", "branch_code"} - set(wrong):
        assert f'value="{TYPED[name]}"' in shown or not TYPED[name]
    assert not BankDetails.objects.exclude(sealed="").exists()


def test_a_bank_whose_code_nobody_knows_needs_one(client: Client, booking: Booking) -> None:
    BankDetails.objects.update(banks=[["credit_union", "A credit union"]])
    client.get(re.search(r"/bookings/link/\S+\?to=bank-details", mailed())[0])
    typed = TYPED | {"bank": "credit_union"}

    assert "Please enter the branch code" in client.post(page(booking), typed).content.decode()
    assert client.post(page(booking), typed | {"branch_code": "123-456"}).status_code == 302


def test_nobody_else_gets_there_and_the_booking_leads_the_owner(client: Client, booking: Booking) -> None:
    assert client.get(page(booking)).status_code == 404
    assert client.post(page(booking), TYPED).status_code == 404
    client.get(re.search(r"/bookings/link/\S+\?to=bank-details", mailed())[0])

    own = client.get(f"/bookings/{booking.booking_reference}/").content.decode()

    assert page(booking) in own
    assert "waits for bank details" in own


def test_when_it_is_paid_meanwhile_the_page_says_so(client: Client, booking: Booking) -> None:
    client.get(re.search(r"/bookings/link/\S+\?to=bank-details", mailed())[0])
    Refund.objects.update(status="paid", paid_at=timezone.now())

    assert "No refund of this booking waits" in client.get(page(booking)).content.decode()
    late = client.post(page(booking), TYPED)
    assert late.status_code == 409
    assert "waits for bank details any more" in late.content.decode()
