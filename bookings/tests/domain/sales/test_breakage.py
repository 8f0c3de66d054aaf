"""What lapses of vouchers that were paid for is posted, and comes again with more time."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from bookings.base.errors import Refusal
from bookings.domain.integrity.invariants import violations
from bookings.domain.reconciliation.account_map import account_code
from bookings.domain.sales.breakage import lapse_vouchers, lapsed_total, post_breakage
from bookings.domain.sales.voucher_changes import extend_voucher
from bookings.domain.sales.vouchers import refusal_of
from bookings.models import Account, LedgerEntry, User, Voucher
from bookings.tests.make import NOW, make_user, make_voucher
from bookings.tests.tampering import no_triggers

pytestmark = pytest.mark.django_db
YESTERDAY = NOW.date() - timedelta(days=1)
AHEAD = NOW.date() + timedelta(days=30)


def lapsed(value: int = 500, **facts: object) -> Voucher:
    return make_voucher(value, **{"kind": "sold", "valid_until": YESTERDAY} | facts)[0]


def post(total: int = 500, *, reason: str = "after the audit", form: str = "form") -> Decimal:
    return post_breakage(total=Decimal(total), reason=reason, actor=make_user(), submission=form, now=NOW)


def breakage() -> Decimal:
    return -LedgerEntry.objects.balance(Account.BREAKAGE)


def test_a_manager_posts_what_lapsed_and_an_extension_takes_it_back() -> None:
    voucher = lapsed()
    lapsed(valid_until=AHEAD)
    assert lapsed_total(now=NOW) == 500

    assert post() == 500

    voucher.refresh_from_db()
    assert (voucher.balance, breakage()) == (0, 500)
    assert "R500" in refusal_of(voucher, now=NOW).replace("\xa0", " ")
    assert violations(now=NOW) == []

    extend_voucher(voucher.pk, AHEAD, reason="came after all", actor=make_user(), now=NOW)

    voucher.refresh_from_db()
    assert (voucher.balance, breakage(), refusal_of(voucher, now=NOW)) == (500, 0, "")
    assert violations(now=NOW) == []


def test_it_is_posted_once_for_the_sum_that_was_shown() -> None:
    lapsed()
    with pytest.raises(Refusal, match="sum has changed"):
        post(400, form="other")
    with pytest.raises(Refusal, match="reason"):
        post(reason=" ", form="third")
    assert breakage() == 0
    clerk = make_user()
    for _time in range(2):
        post_breakage(total=Decimal(500), reason="audit", actor=clerk, submission="form", now=NOW)
    assert breakage() == 500


def test_nothing_lapses_by_itself_unless_the_company_says_so() -> None:
    lapsed()
    assert lapse_vouchers(now=NOW) == 0
    with override_settings(VOUCHER_BREAKAGE_DAYS=30):
        assert lapse_vouchers(now=NOW) == 0
        assert lapse_vouchers(now=NOW + timedelta(days=31)) == 1
        assert lapse_vouchers(now=NOW + timedelta(days=31)) == 0
    assert breakage() == 500
    assert violations(now=NOW) == []


def test_a_posting_by_hand_is_noticed() -> None:
    lapsed()
    post()
    with no_triggers():
        LedgerEntry.objects.filter(account="breakage").update(account="revenue")

    assert "breakage is what lapsed of vouchers" in {row.rule for row in violations(now=NOW)}


def test_the_accounts_of_vouchers_are_the_bookkeepers() -> None:
    codes = [account_code(account) for account in ("voucher_liability", "goodwill", "breakage")]
    assert codes == ["821", "217", "216"]


def test_the_page_posts_it(client: Client) -> None:
    lapsed(valid_until=timezone.localdate() - timedelta(days=1))
    client.force_login(make_user(role=User.Role.MANAGER))

    assert "R500" in client.get("/office/vouchers/breakage/").content.decode().replace("\xa0", " ")
    form = {"reason": "audit", "total": "500.00", "submission": "form"}
    assert client.post("/office/vouchers/breakage/", form).status_code == 302

    assert breakage() == 500
    client.force_login(make_user())
    assert client.get("/office/vouchers/breakage/").status_code == 403
