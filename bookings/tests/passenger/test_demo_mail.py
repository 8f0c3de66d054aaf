from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client

from bookings.domain.messaging.mail.demo import demo_mails


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    settings.IS_DEMO = True


def write(subject: str) -> str:
    mail = EmailMultiAlternatives(
        subject, "See http://127.0.0.1/bookings/link/x/\n<script>alert(1)</script>", to=["a@example.com"]
    )
    mail.attach_alternative('<p style="color:red">Hello</p>', "text/html")
    get_connection().send_messages([mail])
    return demo_mails()[0].name


def test_mail_is_listed_and_read(client: Client) -> None:
    name = write("Your tickets <b>")

    listed = client.get("/demo/mail/").content.decode()
    page = client.get(f"/demo/mail/{name}/").content.decode()

    assert f'<a href="/demo/mail/{name}/">Your tickets &lt;b&gt;</a>' in listed
    assert '<a href="http://127.0.0.1/bookings/link/x/" rel="nofollow">' in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "style=" not in page


def test_html_of_a_mail_is_only_ever_downloaded(client: Client) -> None:
    name = write("One")

    answer = client.get(f"/demo/mail/{name}/0/")

    assert answer["Content-Disposition"] == 'attachment; filename="mail.html"'
    assert answer.content == b'<p style="color:red">Hello</p>'


def test_empty_list_says_so(client: Client) -> None:
    assert "No e-mails yet" in client.get("/demo/mail/").content.decode()


@pytest.mark.parametrize("path", ["20261201-100000-1-0/", "20261201-100000-1-0/0/"])
def test_unknown_mail_is_not_found(client: Client, path: str) -> None:
    assert client.get(f"/demo/mail/{path}").status_code == 404


def test_mails_are_nobodys_business_outside_the_demo(client: Client, settings: Any) -> None:
    name = write("One")
    settings.IS_DEMO = False

    assert {client.get(f"/demo/mail/{path}").status_code for path in ("", f"{name}/", f"{name}/0/")} == {404}


def test_mail_shows_when_it_was_sent_by_the_company_s_clock(client: Client) -> None:
    name = write("One")

    page = client.get(f"/demo/mail/{name}/").content.decode()

    sent = demo_mails()[0].sent_at
    assert sent.utcoffset() == timedelta(hours=2)
    assert f"{sent:%H:%M}</time>" in page
