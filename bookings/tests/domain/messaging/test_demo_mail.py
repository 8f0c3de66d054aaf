from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection

from bookings.base.errors import NotFound
from bookings.domain.messaging.mail.demo import DemoAttachment, demo_file, demo_mail, demo_mails


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    return tmp_path / "mail"


def write(*subjects: str) -> None:
    """Mails in one file, as one batch of the outbox leaves them."""
    mails = [
        EmailMultiAlternatives(subject, "Olá\n-- \nFalcon", to=["Zoë <zoe@example.com>"])
        for subject in subjects
    ]
    for mail in mails:
        mail.attach_alternative("<p>Olá</p>", "text/html")
        mail.attach("../ti cket.pdf", b"%PDF-\x00\xff", "application/pdf")
    get_connection().send_messages(mails)


def test_mails_are_listed_newest_first() -> None:
    write("One", "Two – żółć")

    mails = demo_mails()

    assert [(mail.subject, mail.to) for mail in mails] == [
        ("Two – żółć", "Zoë <zoe@example.com>"),
        ("One", "Zoë <zoe@example.com>"),
    ]
    assert [mail.subject for mail in demo_mails(limit=1)] == ["Two – żółć"]


def test_mail_is_read_with_what_is_attached() -> None:
    write("One")
    name = demo_mails()[0].name

    mail = demo_mail(name)

    assert mail.text.splitlines() == ["Olá", "-- ", "Falcon"]
    assert mail.attachments == (
        DemoAttachment(0, "mail.html", "text/html; charset=utf-8", 11),
        DemoAttachment(1, ".._ti_cket.pdf", "application/pdf", 7),
    )
    assert demo_file(name, 1).content == b"%PDF-\x00\xff"
    with pytest.raises(NotFound):
        demo_file(name, 2)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "20261201-100000-1-0", "20261201-100000-1", "", "x" * 5000]
)
def test_unknown_mail_is_not_found(name: str, folder: Path) -> None:
    with pytest.raises(NotFound):
        demo_mail(name)


def test_no_mails_before_the_first() -> None:
    assert demo_mails() == []
