"""The rules of text messages: quiet hours, the alphabet, whom they go to, in which order."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from hypothesis import given
from hypothesis import strategies as st

from bookings.base.gsm7 import cut_to, gsm7_length, in_gsm7, is_gsm7, parts
from bookings.base.names import PersonName
from bookings.domain.disruptions.cases import confirm_case
from bookings.domain.messaging.outbox import send_due
from bookings.domain.messaging.texts.content import build_text
from bookings.domain.messaging.texts.deliveries import RANKS, note_delivery
from bookings.domain.messaging.texts.demo import demo_texts
from bookings.domain.messaging.texts.providers import TextDelivery, TextState, providers_are_whole
from bookings.domain.messaging.texts.quiet_hours import ALWAYS_WITHIN, next_allowed
from bookings.domain.messaging.texts.sending import LEASE, send_text_messages
from bookings.domain.sales.messages import write_message
from bookings.domain.sales.text_messages import copy_contacts, passengers_with_contact
from bookings.domain.sales.ticket_changes import write_name
from bookings.models import Booking, OutboxMessage, TextMessage, TicketContact
from bookings.tests.domain.disruptions.cancelled_coach import confirmed, draft, two_departures
from bookings.tests.domain.messaging.texts.text_facts import give_contact, states, tell
from bookings.tests.make import NOW, make_booking, make_order

ZONES = st.sampled_from(["Africa/Johannesburg", "Africa/Maputo", "Africa/Windhoek", "Europe/London"])
MOMENTS = st.integers(1_760_000_000, 1_830_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
MINUTE = timedelta(minutes=1)
EVENING = NOW.replace(hour=20)  # 22:00 in Johannesburg


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=5)), ZONES)
def test_no_telephone_rings_at_night_unless_the_coach_leaves_soon(
    now: datetime, ahead: timedelta, zone: str
) -> None:
    boards_at = now + ahead
    allowed = next_allowed(now, time_zone=zone, boards_at=boards_at)
    assert now <= allowed <= now + timedelta(hours=9)
    assert boards_at - allowed <= ALWAYS_WITHIN or 6 <= allowed.astimezone(ZoneInfo(zone)).hour < 21
    assert allowed == next_allowed(allowed, time_zone=zone, boards_at=boards_at)


@given(st.text(max_size=400), st.integers(20, 306))
def test_every_text_fits_the_alphabet(text: str, room: int) -> None:
    plain = in_gsm7(text)
    assert is_gsm7(plain)
    assert gsm7_length(cut_to(plain, room)) <= room


def test_parts_are_counted_as_networks_do() -> None:
    assert [parts("a" * length) for length in (1, 160, 161, 306, 307)] == [1, 1, 2, 2, 3]
    assert parts("€" * 81) == 2
    assert in_gsm7("Café – Tshivenḓa “x” 漢") == "Café - Tshivenda ?x? ?"


@pytest.mark.django_db
@given(st.lists(st.sampled_from(["sent", "delivered", "read", "failed"]), min_size=1, max_size=8))
def test_the_state_is_the_furthest_that_was_ever_told(told: list[str]) -> None:
    booking = Booking.objects.first() or make_booking()
    TextMessage.objects.all().delete()
    message = TextMessage.objects.create(
        kind="times_changed", order=booking.order, booking=booking, subject="s", about_id=1, version="1",
        channel="sms", to="+27821234567", provider_id=f"w{booking.pk}", created_at=NOW, next_try=NOW,
    )  # fmt: skip
    for state in told:
        note_delivery("sms", TextDelivery(message.provider_id, TextState(state), NOW), now=NOW)
    message.refresh_from_db()
    assert message.state == max(told, key=lambda state: RANKS[TextState(state)])


@pytest.mark.django_db
def test_at_night_it_waits_for_the_morning(providers: None) -> None:
    booking = make_booking()
    [message] = tell(booking, now=EVENING)
    send_text_messages(now=EVENING)
    message.refresh_from_db()
    assert message.next_try.astimezone(ZoneInfo("Africa/Johannesburg")).hour == 6
    assert (message.state, message.attempts) == ("queued", 0)


@pytest.mark.django_db
def test_each_passenger_with_a_contact_is_told_and_each_number_once(providers: None) -> None:
    booking = make_booking(names=("Ann Lee", "Ben Lee", "Cat Lee"))
    give_contact(booking, passenger=0, phone="+27821234567")  # the buyer's own
    give_contact(booking, passenger=1, phone="+27831234567", email="ben@example.com")
    messages = tell(booking)
    assert [(message.ticket_id, message.to) for message in messages] == [
        (None, "+27821234567"),
        (booking.tickets.order_by("pk")[1].pk, "+27831234567"),
    ]
    tell(booking)
    assert len(states(booking)) == 2
    send_due(now=NOW)
    assert sorted(sent.to[0] for sent in mail.outbox) == ["ben@example.com", "thandi@example.com"]
    to_passenger = next(sent for sent in mail.outbox if sent.to == ["ben@example.com"])
    assert "/bookings/link/" not in to_passenger.body
    assert "only for you" not in to_passenger.body


@pytest.mark.django_db
def test_a_mail_only_customer_sees_no_change(settings: Any) -> None:
    booking = make_booking()
    assert tell(booking) == []
    send_due(now=NOW)
    assert [sent.to for sent in mail.outbox] == [["thandi@example.com"]]


@pytest.mark.django_db
def test_newer_news_cancel_what_is_unsent(providers: None) -> None:
    booking = make_booking()
    tell(booking, now=EVENING)
    [newer] = tell(booking, version="times 2", now=EVENING + MINUTE)
    assert states(booking) == [("whatsapp", "cancelled"), ("whatsapp", "queued")]
    assert newer.version == "times 2"


@pytest.mark.django_db
def test_the_passengers_of_a_case_get_their_own_links(providers: None) -> None:
    first, _later = two_departures()
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    give_contact(booking, passenger=1, phone="+27831234567", email="ben@example.com")
    confirmed(first)
    messages = list(TextMessage.objects.filter(kind="disruption").order_by("pk"))
    assert [message.to for message in messages] == ["+27821234567", "+27831234567"]
    texts = [build_text(message, now=NOW) for message in messages]
    bodies = [text.body if text else "" for text in texts]
    assert len({body.rpartition("/d/")[2] for body in bodies}) == 2
    assert all(is_gsm7(body) and parts(body) <= 2 for body in bodies)
    send_due(now=NOW)
    assert sorted(sent.to[0] for sent in mail.outbox) == ["ben@example.com", "thandi@example.com"]


@pytest.mark.django_db
def test_a_sender_that_died_leaves_a_question_not_a_second_message(providers: None) -> None:
    booking = make_booking()
    [message] = tell(booking)
    TextMessage.objects.filter(pk=message.pk).update(is_unsure=True, lease_until=NOW + LEASE, attempts=1)
    assert send_text_messages(now=NOW) == 0
    send_text_messages(now=NOW + LEASE)
    assert states(booking)[0] == ("whatsapp", "failed")  # nobody can ask Meta


@pytest.mark.django_db
def test_the_demo_writes_it_to_a_page(settings: Any, tmp_path: Any, client: Any) -> None:
    texts = "bookings.domain.messaging.texts.demo"
    settings.TEXT_PROVIDERS = {"whatsapp": f"{texts}.DemoWhatsAppProvider", "sms": f"{texts}.DemoProvider"}
    settings.TEXT_FILE_PATH, settings.IS_DEMO = str(tmp_path / "texts.jsonl"), True
    booking = make_booking()
    write_message(OutboxMessage.Kind.TRIP_REMINDER, booking.order, booking, now=NOW)
    assert send_text_messages(now=NOW) == 1
    assert states(booking) == [("whatsapp", "delivered")]
    [text] = demo_texts()
    assert booking.booking_reference in text.body
    page = client.get("/demo/messages/").content.decode()
    assert "+27821234567" in page
    settings.IS_DEMO = False
    assert client.get("/demo/messages/").status_code == 404


@pytest.mark.django_db
def test_a_ticket_that_replaces_another_has_its_contacts() -> None:
    booking = make_booking(names=("Ann Lee", "Ben Lee"))
    give_contact(booking, phone="+27831234567")
    before, after = booking.tickets.order_by("pk")
    copy_contacts({before.pk: after})
    channels = TicketContact.objects.filter(ticket=after).values_list("channel", "value")
    assert sorted(channels) == [("sms", "+27831234567"), ("whatsapp", "+27831234567")]


@pytest.mark.django_db
def test_a_ticket_for_another_person_has_none_of_the_former_and_a_spelling_keeps_them() -> None:
    booking = make_booking(names=("Ann Lee",))
    give_contact(booking, phone="+27831234567")
    ticket = booking.tickets.get()

    write_name(booking, ticket, PersonName("Anne", "Lee"), actor=None, now=NOW)
    assert passengers_with_contact([ticket.pk])
    write_name(booking, booking.tickets.get(), PersonName("Sipho", "Dube"), actor=None, now=NOW)
    assert not passengers_with_contact([ticket.pk])


@pytest.mark.django_db
def test_an_order_without_any_contact_is_told_by_nothing(providers: None) -> None:
    order = make_order(email="")
    order.phone = ""
    order.channel = "counter"
    order.save()
    assert tell(make_booking(order=order)) == []


def test_half_a_provider_is_an_error_before_the_first_message(settings: Any) -> None:
    assert providers_are_whole() == []
    settings.META_PHONE_NUMBER_ID = "1"
    settings.CLICKATELL_URL = "http://platform.example"
    assert [problem.id for problem in providers_are_whole()] == ["bookings.E004", "bookings.E005"]


@pytest.mark.django_db
def test_an_incident_keeps_text_messages_back(providers: None) -> None:
    booking = make_booking()
    case = draft(booking.schedule, kind="incident")
    confirm_case(case.pk, version=case.version, actor=case.created_by, submission="c", now=NOW)
    [message] = tell(booking)
    assert send_text_messages(now=NOW) == 0
    message.refresh_from_db()
    assert (message.state, message.attempts, message.next_try) == ("queued", 0, NOW + 5 * MINUTE)
