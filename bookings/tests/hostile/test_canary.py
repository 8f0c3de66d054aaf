"""Personal data of one passenger through the whole flow: in the database and the mail, and nowhere else."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.models import Order
from bookings.tests.domain.messaging.sink import mail_server
from bookings.tests.races.buyer import Buyer
from bookings.tests.races.clerk import Clerk, hire
from bookings.tests.races.service import service
from bookings.tests.races.shoppers import catch_up, coaches
from bookings.tests.servers import RedisServer, redis_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.redis]
NAME, SURNAME, PHONE = "Zanelephi", "Canaryova", "+27829990177"
WAY = ("johannesburg", "cape-town")


@contextmanager
def heard(redis: RedisServer) -> Iterator[list[bytes]]:
    """Every command that anybody sends to this Redis."""
    said: list[bytes] = []
    with socket.create_connection(("127.0.0.1", redis.port)) as line:
        line.sendall(b"MONITOR\r\n")

        def listen() -> None:
            while piece := line.recv(65536):
                said.append(piece)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield said
        line.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=5)


def secrets_in(text: str) -> list[str]:
    text = text.lower()
    secrets = (NAME, SURNAME, PHONE, PHONE[1:], "082 999 0177", "0829990177")
    return [secret for each in secrets for secret in {each, quote(each)} if secret.lower() in text]


def test_personal_data_stay_in_the_database_and_the_mail(
    settings: Any, tmp_path: Path, static_files: Path
) -> None:
    (tmp_path / "site").mkdir()
    schedules, user = coaches(1), hire()
    with mail_server(settings) as sink, redis_server() as redis, heard(redis) as said:
        told = {
            "REDIS_URL": redis.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{settings.EMAIL_PORT}",
            "LOG_LEVEL": "DEBUG",
        }
        limits = {
            "RATE_LIMIT_FIND": "1000/m",
            "RATE_LIMIT_RESEND": "1000/m",
            "RATE_LIMIT_HOLD": "1000/m",
            "RATE_LIMIT_BOOKING": "1000/m",
        }
        with service(tmp_path / "site", static=static_files, workers=1, **told, **limits) as site:
            buyer = Buyer(site.url, name=NAME, surname=SURNAME, phone="082 999 0177")
            clerk = Clerk(site.url, name=NAME, surname=SURNAME, username=user.username)
            day = timezone.localtime().date().isoformat()
            buyer.search(*WAY, day)
            buyer.buy(schedules[0], *WAY)
            reference = buyer.wait_for_ticket()
            buyer.get("/bookings/")
            buyer.post("/bookings/", {"reference": reference, "proof": SURNAME})
            buyer.post("/bookings/", {"reference": reference, "proof": f"{SURNAME}x"})
            buyer.get(f"/bookings/{reference}/")
            buyer.get(f"/bookings/{reference}/ticket.pdf")
            buyer.post(f"/bookings/{reference}/resend/", {})
            clerk.sign_in()
            clerk.sell(schedules[0], *WAY, contact=f"{SURNAME}@example.com")
            clerk.get("/office/bookings/", q=reference)
            clerk.get(f"/office/bookings/{reference}/")
            clerk.get(f"/office/departures/{schedules[0]}/manifest/")
            buyer.cancel()
            catch_up(settings, site, wait=5)
            for each in (buyer, clerk):
                each.close()
            logs = site.log("web") + site.log("queue")

    assert Order.objects.filter(email__istartswith=SURNAME).exists()  # it was there to be found
    assert any(SURNAME in str(mail) for mail in sink.mails)
    assert len(b"".join(said)) > 100
    assert secrets_in(b"".join(said).decode(errors="replace")) == []
    assert logs
    assert secrets_in(logs) == []
    assert secrets_in("\n".join([*buyer.seen, *clerk.seen])) == []
    assert violations(now=timezone.now()) == []
