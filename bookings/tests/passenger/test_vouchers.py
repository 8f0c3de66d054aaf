"""Paying with a voucher on the website, and looking at what is left on it."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from bookings.domain.sales.voucher_changes import VoucherStop, stop_voucher
from bookings.models import Booking, Order, PaymentAttempt, Voucher
from bookings.tests.make import make_user, make_voucher
from bookings.tests.passenger.buying import departure_ahead, details, hold_by, order_by, review_form

pytestmark = pytest.mark.django_db
UNKNOWN = "0000-0000-0000-0000"


def order_to_pay(client: Client) -> Order:
    return order_by(client, departure_ahead(), pay="voucher")


def use(client: Client, order: Order, code: str) -> object:
    return client.post(
        f"/orders/{order.token}/voucher/", {"voucher_code": code, "submission": code}, follow=True
    )


def test_the_checkout_leads_to_the_field_for_the_voucher(client: Client) -> None:
    token = hold_by(client, departure_ahead())
    client.post(f"/checkout/{token}/", details())
    assert "Pay with a voucher" in client.get(f"/checkout/{token}/?step=review").content.decode()

    answer = client.post(f"/checkout/{token}/", {**review_form(client, token), "pay": "voucher"})

    order = Order.objects.get()
    assert answer["Location"] == f"/orders/{order.token}/status/?voucher=1#voucher"
    assert not PaymentAttempt.objects.exists()
    page = client.get(answer["Location"]).content.decode()
    assert '<details id="voucher" class="stack-s" open>' in page
    assert 'name="voucher_code"' in page


def test_one_click_from_the_details_leads_there_too(client: Client) -> None:
    token = hold_by(client, departure_ahead(), "1A")
    page = client.get(f"/checkout/{token}/").content.decode()
    assert 'value="pay_voucher"' in page
    total = page.split('name="total" value="')[1].split('"')[0]

    answer = client.post(
        f"/checkout/{token}/", details(1, action="pay_voucher", total=total, submission="s1")
    )

    assert answer["Location"].endswith("?voucher=1#voucher")


def test_a_voucher_that_covers_all_books_at_once(client: Client) -> None:
    order = order_to_pay(client)
    _voucher, code = make_voucher(2000, now=timezone.now())

    answer = use(client, order, code.lower())

    assert answer.redirect_chain[-1][0].startswith("/bookings/")
    assert "Your voucher has paid" in answer.content.decode()
    assert Booking.objects.get().status == "confirmed"


def test_a_voucher_that_covers_a_part_leaves_the_rest_to_pay(client: Client) -> None:
    order = order_to_pay(client)
    _voucher, code = make_voucher(400, now=timezone.now())

    page = use(client, order, code).content.decode().replace("\xa0", " ")

    assert "Your voucher has paid R400." in page
    assert "Already paid" in page
    assert "Pay R" in page
    answer = client.post(f"/orders/{order.token}/status/")
    assert PaymentAttempt.objects.get().amount == order.total - 400
    assert answer.status_code == 302


@pytest.mark.parametrize("typed", ["", UNKNOWN, "x" * 60, "stopped"])
def test_what_cannot_pay_is_told_beside_the_field_and_stays_in_it(client: Client, typed: str) -> None:
    order = order_to_pay(client)
    if typed == "stopped":
        voucher, typed = make_voucher(now=timezone.now())
        stop = VoucherStop(voucher.pk, "lost", replaces=False)
        stop_voucher(stop, actor=make_user(), submission="stop", content="")

    answer = use(client, order, typed)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'class="error"' in page
    assert f'value="{typed}"' in page or not typed
    assert "open>" in page
    assert not order.payments.exists()


def test_the_balance_is_shown_with_its_history(client: Client) -> None:
    order = order_to_pay(client)
    _voucher, code = make_voucher(2000, now=timezone.now())
    use(client, order, code)

    answer = client.post("/vouchers/", {"voucher_code": code})

    page = answer.content.decode().replace("\xa0", " ")
    left = f"{2000 - order.total:.0f}"
    assert f"R{left} left" in page or f"R{left[0]} {left[1:]} left" in page
    for words in ("Valid until", "issued", "redeemed", "R2 000"):
        assert words in page
    assert "no-store" in answer["Cache-Control"]


def test_a_voucher_that_ran_out_says_what_to_do(client: Client) -> None:
    yesterday = (timezone.now() - timedelta(days=2)).date()
    _voucher, code = make_voucher(kind="sold", now=timezone.now(), valid_until=yesterday)

    page = client.post("/vouchers/", {"voucher_code": code}).content.decode()

    assert "are still yours" in page


def test_guesses_are_slowed_down_and_right_codes_are_not(client: Client, settings: LazySettings) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"voucher": "3/15m"}
    _voucher, code = make_voucher(now=timezone.now())

    rights = [client.post("/vouchers/", {"voucher_code": code}).status_code for _each in range(5)]
    wrongs = [client.post("/vouchers/", {"voucher_code": f"{n}" * 16}) for n in range(4)]

    assert rights == [200] * 5
    assert [answer.status_code for answer in wrongs] == [422, 422, 422, 429]
    assert 'value="3333333333333333"' in wrongs[3].content.decode()
    assert client.post("/vouchers/", {"voucher_code": code}).status_code == 429
    order = order_to_pay(client)
    assert use(client, order, code).status_code == 429
    other = Client(REMOTE_ADDR="198.51.100.1")
    assert other.post("/vouchers/", {"voucher_code": code}).status_code == 200


def test_unknown_codes_look_alike(client: Client) -> None:
    pages = [
        client.post("/vouchers/", {"voucher_code": typed}).content.decode().replace(typed, "…")
        for typed in ("ABCD", UNKNOWN)
    ]

    for page in pages:
        assert "We do not know this voucher code." in page
    assert Voucher.objects.count() == 0
