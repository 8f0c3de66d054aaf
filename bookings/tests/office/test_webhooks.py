import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bookings.domain.messaging.webhooks import delivery as delivering
from bookings.domain.partners.webhooks import add_webhook, ping
from bookings.models import OutboxMessage, StaffTask, Webhook
from bookings.tests.domain.partners.receiver import Receiver, receiver
from bookings.tests.domain.partners.sale import ALL, sold_by
from bookings.tests.make import make_partner, make_schedule
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
LIST = "/office/partners/travelhub/webhooks/"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiver() as running:
        monkeypatch.setattr(delivering, "Poster", running.poster)
        yield running


@pytest.fixture
def hook(server: Receiver) -> Webhook:
    return add_webhook(make_partner(), url=server.url, events=ALL)


def page_of(hook: Webhook) -> str:
    return f"{LIST}{hook.pk}/"


def test_a_webhook_is_made_and_its_secret_shown_once(manager: StaffClient) -> None:
    partner = make_partner()
    sent = {
        "url": " https://hooks.partner.example/falcon ",
        "events": ["booking.confirmed", "booking.cancelled"],
    }

    shown = manager.post(LIST, sent)

    made = Webhook.objects.get()
    assert re.search(r'id="new-secret">(whsec_[\w+/=]+)<', shown.content.decode())[1] == made.secret
    assert (made.url, made.events, made.created_by) == (
        "https://hooks.partner.example/falcon",
        sent["events"],
        manager.user,
    )
    assert made.secret not in manager.get(LIST).content.decode() + manager.get(page_of(made)).content.decode()
    assert partner.events.filter(
        what__startswith="webhook https://hooks.partner.example/falcon created for", actor=manager.user
    ).exists()

    assert manager.post(LIST, sent).status_code == 422
    assert Webhook.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"url": "http://partner.example/", "events": ["booking.confirmed"]}, "must begin with https://"),
        ({"url": "https://partner.example/"}, "Choose at least one."),
        ({"events": ["booking.confirmed"]}, "This field is required."),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(
    manager: StaffClient, sent: dict[str, Any], says: str
) -> None:
    make_partner()

    answer = manager.post(LIST, sent)

    assert (answer.status_code, says in answer.content.decode()) == (422, True)


def test_staff_see_each_message_with_its_state_and_send_it_again(
    manager: StaffClient, server: Receiver, hook: Webhook, django_capture_on_commit_callbacks: Any
) -> None:
    now = timezone.now()
    order = sold_by(hook.partner, make_schedule(departs=now + timedelta(days=3)), now=now)
    failed = OutboxMessage.objects.filter(kind="webhook").earliest("pk")
    OutboxMessage.objects.filter(pk=failed.pk).update(failed_at=now, attempts=13, last_error="answered 500")
    StaffTask.objects.create(kind="webhook_failed", subject=f"message:{failed.pk}", created_at=now)

    html = manager.get(page_of(hook)).content.decode()
    assert all(
        words in html
        for words in ("booking.confirmed", order.bookings.get().booking_reference, "answered 500 (tries: 13)")
    )
    assert (
        "booking.confirmed</span></th>"
        not in manager.get(page_of(hook), {"state": "failed"}).content.decode()
    )

    with django_capture_on_commit_callbacks(execute=True):
        manager.post(f"{page_of(hook)}messages/{failed.pk}/")

    assert server.events() == ["payment.received", "booking.confirmed"]
    assert not StaffTask.objects.filter(done_at=None).exists()


def test_a_test_message_goes_out(
    manager: StaffClient, server: Receiver, hook: Webhook, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = manager.post(f"{page_of(hook)}ping/")

    assert answer["Location"] == page_of(hook)
    assert server.got[0].body["type"] == "ping"
    assert 'badge-good">delivered' in manager.get(page_of(hook)).content.decode()


def test_switching_off_stops_everything_and_switching_on_again_starts_it(
    manager: StaffClient, hook: Webhook
) -> None:
    manager.post(f"{page_of(hook)}switch/", {"to": "off"})
    manager.post(f"{page_of(hook)}ping/")
    hook.refresh_from_db()
    assert (hook.is_active, OutboxMessage.objects.count()) == (False, 0)

    manager.post(f"{page_of(hook)}switch/", {"to": "on"})
    hook.refresh_from_db()
    assert hook.is_active


def test_a_secret_is_replaced_once_however_often_the_page_is_sent(
    manager: StaffClient, hook: Webhook
) -> None:
    mark = re.search(r'name="mark" value="(\w+)"', manager.get(page_of(hook)).content.decode())[1]

    shown = manager.post(f"{page_of(hook)}secret/", {"mark": mark})
    again = manager.post(f"{page_of(hook)}secret/", {"mark": mark})

    new = Webhook.objects.get().secret
    assert new != hook.secret
    assert new in shown.content.decode()
    assert (again.status_code, Webhook.objects.get().secret) == (409, new)


def test_auditors_look_and_change_nothing(auditor: StaffClient, hook: Webhook) -> None:
    ping(hook)

    html = auditor.get(page_of(hook)).content.decode() + auditor.get(LIST).content.decode()

    assert "Send a test message" not in html
    assert "Send now" not in html
    assert "Create the webhook" not in html


def test_a_webhook_of_another_partner_is_not_found(manager: StaffClient, hook: Webhook) -> None:
    make_partner("Other")

    assert manager.get(f"/office/partners/other/webhooks/{hook.pk}/").status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_the_pages_ask_the_same_queries_for_three_messages_as_for_one(
    manager: StaffClient, hook: Webhook, number: int, django_assert_num_queries: Any
) -> None:
    for _each in range(number):
        sold_by(hook.partner, make_schedule(), "1A")
    manager.get(LIST)

    with django_assert_num_queries(6):
        manager.get(page_of(hook))
    with django_assert_num_queries(5):
        manager.get(LIST)


def test_clerks_have_no_task_about_webhooks(clerk: StaffClient, manager: StaffClient) -> None:
    StaffTask.objects.create(
        kind="webhook_failed", subject="message:1", detail="answered 500", created_at=timezone.now()
    )

    assert "answered 500" in manager.get("/office/tasks/").content.decode()
    assert "answered 500" not in clerk.get("/office/tasks/").content.decode()
