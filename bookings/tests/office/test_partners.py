import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from bookings.domain.integrity.invariants import violations
from bookings.domain.partners.api_keys import KeyTerms, find_key, make_key
from bookings.models import ApiKey, CommissionRate, LedgerEntry, Order, Partner, PartnerPayment
from bookings.tests.domain.partners.sale import sold_by
from bookings.tests.make import NOW, make_api_key, make_partner, make_schedule, make_user
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
NEW_KEY = {
    "key-name": "website",
    "key-scopes": ["read", "book"],
    "key-limit": "120/m",
    "key-submission": "s1",
}


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_partner_is_taken_on(manager: StaffClient) -> None:
    answer = manager.post(
        "/office/partners/add/", {"name": "Travel Hub", "email": "desk@hub.example", "credit_limit": "5000"}
    )

    assert answer["Location"] == "/office/partners/travel-hub/"
    made = Partner.objects.get()
    assert (made.name, made.email, made.credit_limit, made.is_active) == (
        "Travel Hub",
        "desk@hub.example",
        Decimal(5000),
        True,
    )
    assert [(event.actor, event.what) for event in made.events.all()] == [
        (manager.user, "added, credit R5\u00a0000")
    ]


def test_two_partners_cannot_share_a_name(manager: StaffClient) -> None:
    make_partner("Travel Hub")

    answer = manager.post(
        "/office/partners/add/", {"name": "Travel  Hub", "email": "x@hub.example", "credit_limit": "0"}
    )

    assert answer.status_code == 422
    assert "There is already a partner with this name." in answer.content.decode()


def test_the_key_is_shown_once_and_opens(manager: StaffClient) -> None:
    make_partner()

    shown = manager.post("/office/partners/travelhub/keys/", NEW_KEY)

    text = re.search(r'id="new-key">(fbl_[\w-]+)<', shown.content.decode())[1]
    assert "no-store" in shown["Cache-Control"]
    key = find_key(text)
    assert (key.name, key.scopes, key.limit, key.created_by) == (
        "website",
        ["read", "book"],
        "120/m",
        manager.user,
    )
    assert text not in page(manager, "/office/partners/travelhub/")
    assert text not in "".join(str(value) for row in ApiKey.objects.values_list() for value in row)


def test_reloading_the_page_of_a_new_key_makes_no_other(manager: StaffClient) -> None:
    make_partner()
    manager.post("/office/partners/travelhub/keys/", NEW_KEY)

    again = manager.post("/office/partners/travelhub/keys/", NEW_KEY)

    assert again.status_code == 422
    assert "already been created" in again.content.decode()
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("limit", ["often", "0/m", "120", "120/d", "12/m; drop"])
def test_a_limit_that_is_none_is_refused(manager: StaffClient, limit: str) -> None:
    make_partner()

    assert (
        manager.post("/office/partners/travelhub/keys/", {**NEW_KEY, "key-limit": limit}).status_code == 422
    )
    assert not ApiKey.objects.exists()


def test_a_key_is_revoked_after_a_question_and_one_sees_by_whom(manager: StaffClient) -> None:
    made = make_api_key()
    address = f"/office/partners/travelhub/keys/{made.key.pk}/revoke/"
    assert "cannot be restored" in page(manager, address)
    assert find_key(made.text)

    manager.post(address)

    made.key.refresh_from_db()
    assert find_key(made.text) is None
    assert made.key.revoked_by == manager.user
    after = page(manager, "/office/partners/travelhub/")
    assert f"key {made.key.prefix} “website” revoked" in after
    assert "Priya Naidoo" in after


def test_a_revoked_key_is_neither_changed_nor_revoked_again(manager: StaffClient) -> None:
    made = make_api_key()
    address = f"/office/partners/travelhub/keys/{made.key.pk}/"
    manager.post(f"{address}revoke/")

    assert manager.post(f"{address}revoke/").status_code == 409
    assert manager.post(address, NEW_KEY).status_code == 422
    assert ApiKey.objects.get().limit == ""


def test_scopes_and_limit_change_and_are_written_down(manager: StaffClient) -> None:
    made = make_api_key()

    manager.post(
        f"/office/partners/travelhub/keys/{made.key.pk}/",
        {**NEW_KEY, "key-scopes": ["read"], "key-limit": "5000/h"},
    )

    key = ApiKey.objects.get()
    assert (key.scopes, key.limit) == (["read"], "5000/h")
    assert key.partner.events.latest("pk").what == f"key {key.prefix} “website” now for read, at most 5000/h"


def test_a_key_of_another_partner_is_not_found_here(manager: StaffClient) -> None:
    make_partner("Rival")
    made = make_api_key()

    assert manager.get(f"/office/partners/rival/keys/{made.key.pk}/").status_code == 404
    assert manager.post(f"/office/partners/rival/keys/{made.key.pk}/revoke/").status_code == 404


def test_a_partner_switched_off_opens_nothing_until_it_is_on_again(manager: StaffClient) -> None:
    made = make_api_key()

    manager.post("/office/partners/travelhub/switch/", {"to": "off"})
    assert find_key(made.text) is None
    assert "Switched off: its keys do not work." in page(manager, "/office/partners/travelhub/")

    manager.post("/office/partners/travelhub/switch/", {"to": "on"})
    assert find_key(made.text)
    assert [event.what for event in made.key.partner.events.order_by("-pk")[:2]] == [
        "switched on",
        "switched off",
    ]


def test_new_terms_hold(manager: StaffClient) -> None:
    make_partner()

    manager.post(
        "/office/partners/travelhub/change/",
        {"terms-email": "new@hub.example", "terms-credit_limit": "250,50"},
    )

    partner = Partner.objects.get()
    assert (partner.email, partner.credit_limit, partner.is_active) == (
        "new@hub.example",
        Decimal("250.50"),
        True,
    )


def test_a_transfer_is_taken_off_what_is_owed_once(manager: StaffClient) -> None:
    partner = make_partner()
    sent = {"payment-amount": "1000", "payment-reference": "EFT 4711", "payment-submission": "s1"}

    for _each in range(2):
        assert manager.post("/office/partners/travelhub/payment/", sent).status_code == 302

    partner.refresh_from_db()
    assert partner.owes == -1000
    assert sorted(LedgerEntry.objects.values_list("account", "amount")) == [("eft", 1000), ("partner", -1000)]
    assert violations(now=NOW) == []


def test_auditors_look_and_change_nothing(auditor: StaffClient) -> None:
    made = make_api_key()

    assert (
        "<form"
        not in re.search(r"<main.*</main>", page(auditor, "/office/partners/travelhub/"), re.DOTALL)[0]
    )
    assert auditor.post(f"/office/partners/travelhub/keys/{made.key.pk}/revoke/").status_code == 403
    assert find_key(made.text)


@pytest.mark.parametrize("number", [1, 3])
def test_pages_cost_the_same_for_one_and_three(
    manager: StaffClient, django_assert_num_queries: Any, number: int
) -> None:
    for index in range(number):
        partner = make_partner(f"Partner {index}")
        for _each in range(number):
            make_key(partner, KeyTerms("website", ["read"]), now=NOW)

    manager.get("/office/partners/")
    with django_assert_num_queries(4):  # session, user, partners, desk
        manager.get("/office/partners/")
    with django_assert_num_queries(7):  # session, user, partner, orders, events, keys, desk
        manager.get("/office/partners/partner-0/")


def test_a_large_transfer_wants_a_second_person_and_nothing_typed_is_lost(manager: StaffClient) -> None:
    partner, password = make_partner(), "a-long-enough-pass"
    boss = make_user(role="manager", password=password)
    sent = {"payment-amount": "10000.01", "payment-reference": "EFT 4711", "payment-submission": "s1"}
    signed = {"payment-approver_name": boss.username, "payment-approver_password": password}

    alone = manager.post("/office/partners/travelhub/payment/", sent)
    wrong = manager.post(
        "/office/partners/travelhub/payment/", sent | signed | {"payment-approver_password": "x"}
    )
    own = {"payment-approver_name": manager.user.username, "payment-approver_password": password}
    self_signed = manager.post("/office/partners/travelhub/payment/", sent | own)
    done = manager.post("/office/partners/travelhub/payment/", sent | signed)

    assert [answer.status_code for answer in (alone, wrong, self_signed, done)] == [422, 422, 422, 302]
    for answer in (alone, wrong):
        assert 'name="payment-approver_name"' in answer.content.decode()
        assert 'value="EFT 4711"' in answer.content.decode()
    assert "need the approval of a second person" in alone.content.decode()
    payment = PartnerPayment.objects.get()
    assert (payment.partner, payment.actor, payment.approver) == (partner, manager.user, boss)
    assert f"approved by {boss.display_name}" in page(manager, "/office/partners/travelhub/")
    assert violations(now=NOW) == []


def test_a_large_transfer_in_parts_wants_a_second_person(manager: StaffClient) -> None:
    make_partner()

    for number, amount, status in ((1, "6000", 302), (2, "4000.01", 422), (2, "4000", 302), (3, "1", 422)):
        sent = {"payment-amount": amount, "payment-reference": f"EFT {number}"}
        submission = {"payment-submission": f"s{number}"}
        answer = manager.post("/office/partners/travelhub/payment/", sent | submission)
        assert answer.status_code == status

    assert PartnerPayment.objects.count() == 2


def test_commission_by_partner_and_line_is_set_and_told(manager: StaffClient, auditor: StaffClient) -> None:
    partner, line = make_partner(), make_schedule().route.line
    path = "/office/partners/travelhub/commission/"

    wrong = manager.post(path, {"commission_percent": "101", "settlement": "net"})
    manager.post(path, {"commission_percent": "8.5", "settlement": "net"})
    manager.post(f"{path}line/", {"line": line.pk, "percent": "12"})

    assert wrong.status_code == 422
    assert 'value="101"' in wrong.content.decode()
    partner.refresh_from_db()
    assert (partner.commission_percent, partner.settlement) == (Decimal("8.5"), "net")
    assert CommissionRate.objects.get().percent == 12
    events = page(manager, "/office/partners/travelhub/")
    assert "commission 8.50 %, net" in events or "commission 8.5 %, net" in events
    shown = page(auditor, path)
    assert "12.00" in shown
    assert "<form" not in re.search(r"<main.*</main>", shown, re.DOTALL)[0]
    manager.post(f"{path}line/", {"line": line.pk, "percent": ""})
    assert not CommissionRate.objects.exists()


def test_a_statement_is_a_page_a_pdf_and_a_file(manager: StaffClient, auditor: StaffClient) -> None:
    partner = make_partner()
    order = sold_by(partner, make_schedule(departs=NOW + timedelta(days=9)))
    Order.objects.filter(pk=order.pk).update(external_reference="=HUB-1")
    path = "/office/partners/travelhub/statement"

    shown = page(auditor, f"{path}/").replace("\u00a0", " ")
    pdf = manager.get(f"{path}.pdf?month=2026-12")
    file = manager.get(f"{path}.csv?month=2026-12")

    assert "Statement for December 2026" in shown
    assert '<option value="2026-12" selected>' in shown
    assert shown.count("R900") == 4  # sales, balance, its age, the day
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert 'filename="statement-travelhub-2026-12.pdf"' in pdf["Content-Disposition"]
    lines = b"".join(file.streaming_content).decode().splitlines()
    assert lines[0].endswith("time,kind,booking,partner_reference,amount")
    assert lines[1].endswith(f"sales,{order.bookings.get().booking_reference},'=HUB-1,900.00")
    assert "R0" in page(auditor, f"{path}/?month=2026-11")
    for wrong in ("2026-13", "x", "1999-01", "2026-1", "\x00"):
        assert manager.get(f"{path}/", {"month": wrong}).status_code == 404
