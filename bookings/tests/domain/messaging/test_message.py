from email import message_from_bytes, policy

from bookings.domain.messaging.mail.message import Mail


def test_parts_of_a_mail_come_apart_again() -> None:
    mail = Mail("Tickets", "--=\nText", "office@example.com", ["ann@example.com"])
    mail.attach_alternative("<p>--=</p>", "text/html")
    mail.attach("trip.ics", b"BEGIN:VCALENDAR", "text/calendar")

    message = message_from_bytes(mail.message().as_bytes(), policy=policy.default)

    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    boundaries = {part.get_boundary() for part in message.walk() if part.is_multipart()}
    assert len(boundaries) == 2
    assert min(map(len, boundaries)) > 30
