"""WhatsApp and SMS against the simulator, a process of its own: whatever gets lost, nobody is told twice by
one channel, and what did not arrive by WhatsApp follows by SMS.
"""

import json
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from bookings.demo.message_simulator.signatures import basic, sign_meta
from bookings.domain.messaging.texts.clickatell import ClickatellProvider
from bookings.domain.messaging.texts.deliveries import act_on_callbacks, note_delivery
from bookings.domain.messaging.texts.meta import MetaProvider
from bookings.domain.messaging.texts.providers import TextDelivery, TextState, TextToSend
from bookings.domain.messaging.texts.sending import send_text_messages
from bookings.models import Booking, ProviderCallback, TextMessage
from bookings.tests.domain.messaging.texts.conftest import Simulation
from bookings.tests.domain.messaging.texts.text_facts import states, tell
from bookings.tests.make import NOW, make_booking, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.database]
MINUTE = timedelta(minutes=1)
LATER = NOW + 6 * MINUTE  # than WhatsApp has


@pytest.fixture
def booking() -> Booking:
    return make_booking()


def act(simulation: Simulation, message: TextMessage, count: int) -> list[int]:
    answers = simulation.arrive(message.client_id, count)
    act_on_callbacks(now=NOW + timedelta(days=1))
    return answers


def test_a_message_is_sent_once_and_its_statuses_are_followed(
    simulation: Simulation, booking: Booking
) -> None:
    [message] = tell(booking)
    assert send_text_messages(now=NOW) == 1
    assert send_text_messages(now=NOW) == 0
    [taken] = simulation.taken
    assert (taken["channel"], taken["to"], taken["client_id"]) == (
        "whatsapp",
        "27821234567",
        message.client_id,
    )
    assert taken["text"].startswith("times_changed: ")
    assert act(simulation, message, 3) == [200, 200, 200]
    message.refresh_from_db()
    assert message.state == "read"
    assert None not in (message.sent_at, message.delivered_at, message.read_at)
    assert message.provider_id == taken["id"]
    send_text_messages(now=LATER)
    assert states(booking) == [("whatsapp", "read")]


@pytest.mark.parametrize("mood", ["busy", "lost_before", "lost"])
def test_a_whatsapp_that_nobody_can_ask_about_is_never_sent_twice(
    simulation: Simulation, booking: Booking, mood: str
) -> None:
    """Too busy is sure not to be taken; of a lost answer nobody knows, so an SMS follows."""
    simulation.set("whatsapp", mood)
    [message] = tell(booking)
    for minute in (0, 2, 3) if mood == "busy" else (0, 2, 3, 6, 8):
        send_text_messages(now=NOW + minute * MINUTE)
    channels = [taken["channel"] for taken in simulation.taken]
    assert channels == {"busy": ["whatsapp"], "lost_before": ["sms"], "lost": ["whatsapp", "sms"]}[mood]
    if mood == "busy":
        return
    assert states(booking) == [("whatsapp", "failed"), ("sms", "sent")]
    if mood == "lost":  # the status brings our own number along
        act(simulation, message, 3)
        assert states(booking)[0] == ("whatsapp", "read")


@pytest.mark.parametrize("mood", ["lost", "lost_before", "busy"])
def test_an_sms_is_asked_about_before_it_is_sent_again(
    simulation: Simulation, booking: Booking, settings: Any, mood: str
) -> None:
    del settings.TEXT_PROVIDERS["whatsapp"]
    simulation.set("sms", mood)
    [message] = tell(booking)
    for minute in (0, 2, 3, 5):
        send_text_messages(now=NOW + minute * MINUTE)
    [taken] = simulation.taken
    message.refresh_from_db()
    assert (message.state, message.provider_id) == ("sent", taken["id"])


@pytest.mark.parametrize(
    ("mood", "count", "after"),
    [
        ("undeliverable", 2, [("whatsapp", "failed"), ("sms", "sent")]),
        ("unknown_number", 0, [("whatsapp", "failed"), ("sms", "sent")]),
        ("silent", 0, [("whatsapp", "sent"), ("sms", "sent")]),
        ("sent_only", 1, [("whatsapp", "sent"), ("sms", "sent")]),
        ("duplicated", 6, [("whatsapp", "delivered")]),
        ("reordered", 3, [("whatsapp", "read")]),
        ("failed_late", 2, [("whatsapp", "delivered")]),
        ("forged", 1, [("whatsapp", "sent"), ("sms", "sent")]),
    ],
)
def test_each_fault_ends_in_one_message_by_each_channel_at_most(
    simulation: Simulation, booking: Booking, mood: str, count: int, after: list[tuple[str, str]]
) -> None:
    simulation.set("whatsapp", mood)
    [message] = tell(booking)
    send_text_messages(now=NOW)
    answers = act(simulation, message, count)
    assert set(answers) <= ({400} if mood == "forged" else {200})
    for minute in (6, 7, 60):
        send_text_messages(now=NOW + minute * MINUTE)
    assert states(booking) == after
    assert len(simulation.taken) == len(after) - (mood == "unknown_number")


def test_faults_mixed_over_a_whole_coach(simulation: Simulation) -> None:
    faults = ["busy", "lost", "lost_before", "undeliverable", "unknown_number", "silent", "reordered", ""]
    simulation.set("whatsapp", *faults)
    simulation.set("sms", "busy", "lost", "lost_before", "")
    schedule = make_schedule(seats=12)
    bookings = [make_booking(schedule=schedule) for _fault in faults]
    for booking in bookings:
        tell(booking)
    for minute in range(0, 20, 2):
        send_text_messages(now=NOW + minute * MINUTE)
        act_on_callbacks(now=NOW + minute * MINUTE)
    ids = [taken["client_id"] for taken in simulation.taken]
    assert len(ids) == len(set(ids))
    assert not TextMessage.objects.filter(state="queued").exists()
    assert TextMessage.objects.filter(channel="sms").exclude(state="sent").count() == 0


def test_who_answers_stop_hears_nothing_until_start(simulation: Simulation, booking: Booking) -> None:
    simulation.set("whatsapp", "stop")
    [message] = tell(booking)
    send_text_messages(now=NOW)
    act(simulation, message, 1)
    simulation.arrive('"STOP"', 1)
    act_on_callbacks(now=NOW + timedelta(days=1))
    tell(booking, version="times 2", now=LATER)
    send_text_messages(now=LATER)
    assert len(simulation.taken) == 1
    assert states(booking)[1] == ("whatsapp", "cancelled")


def test_the_simulator_proves_itself_by_what_the_adapters_expect(settings: Any, providers: None) -> None:
    body = b'{"entry": []}'
    # From Meta's and RFC 7617's own examples
    assert basic("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert sign_meta("key", b"The quick brown fox jumps over the lazy dog") == (
        "sha256=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    )
    signature = sign_meta(settings.META_APP_SECRET, body)
    assert MetaProvider().verify_callback({"x-hub-signature-256": signature}, body) == []
    password = basic(settings.CLICKATELL_CALLBACK_USER, settings.CLICKATELL_CALLBACK_PASSWORD)
    assert ClickatellProvider().verify_callback({"authorization": password}, b"{}") == []


def test_a_callback_before_the_answer_waits_for_it(providers: None, settings: Any, booking: Booking) -> None:
    row = {"messageId": "early", "status": "DEVICE_ACK", "timestamp": 1796112000000}
    body = json.dumps({"event": {"messageStatusUpdate": [row]}})
    password = basic(settings.CLICKATELL_CALLBACK_USER, settings.CLICKATELL_CALLBACK_PASSWORD)
    answer = Client().post(
        "/messages/clickatell/callback/", body, "application/json", headers={"authorization": password}
    )
    assert answer.status_code == 200
    callback = ProviderCallback.objects.get()
    act_on_callbacks(now=callback.received_at)
    [message] = tell(booking)
    TextMessage.objects.filter(pk=message.pk).update(channel="sms", provider_id="early", state="sent")
    act_on_callbacks(now=callback.received_at + MINUTE)
    assert states(booking) == [("sms", "delivered")]


def test_meta_asks_once_whether_the_address_is_ours(settings: Any, providers: None) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
    ours = Client().get("/messages/meta/callback/", query | {"hub.verify_token": settings.META_VERIFY_TOKEN})
    assert (ours.status_code, ours.content) == (200, b"1158201444")
    assert Client().get("/messages/meta/callback/", query | {"hub.verify_token": "x"}).status_code == 400
    assert Client().get("/messages/clickatell/callback/", query).status_code == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"entry": [{"changes": 3}]}'])
def test_what_is_no_callback_is_refused(settings: Any, providers: None, body: bytes) -> None:
    headers = {"x-hub-signature-256": sign_meta(settings.META_APP_SECRET, body)}
    answer = Client().post("/messages/meta/callback/", body, "application/json", headers=headers)
    assert answer.status_code == 400
    assert not ProviderCallback.objects.exists()


def test_production_has_no_simulator(settings: Any) -> None:
    settings.IS_PRODUCTION = True
    with pytest.raises(CommandError):
        call_command("message_simulator")


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "read", "failed"]))[::5])
def test_statuses_come_in_any_order(booking: Booking, providers: None, order: tuple[str, ...]) -> None:
    [message] = tell(booking)
    TextMessage.objects.filter(pk=message.pk).update(provider_id="w1", state="sent")
    for state in (*order, *order):
        note_delivery("whatsapp", TextDelivery("w1", TextState(state), NOW), now=NOW)
    assert states(booking) == [("whatsapp", "read")]
    assert TextMessage.objects.get().fall_back_at is None


def test_a_text_to_send_says_all_that_a_template_needs(simulation: Simulation) -> None:
    text = TextToSend("+27821234567", "times_changed", ("a", "b", "c", "d"), "en", "abc", "id-1")
    assert MetaProvider().send(text).startswith("wamid.")
    assert ClickatellProvider().send(text).startswith("sms-")
    assert [taken["text"] for taken in simulation.taken] == ["times_changed: a | b | c | d", "abc"]
