"""A customer with a browser, as HTTP: search, departure, seats, details, review, payment, ticket."""

import html
import logging
import random
import re
import ssl
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import httpx

logging.getLogger("httpx").setLevel(logging.WARNING)
_SSL: Final = ssl.create_default_context()  # slow to make, so made once
_HIDDEN: Final = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
_WORDS: Final = re.compile(r'role="alert"[^>]*>(.*?)</div>', re.S)
_TITLE: Final = re.compile(r"<h1[^>]*>(.*?)</h1>", re.S)
_FREE: Final = re.compile(r'name="seats" value="([^"]+)"[^>]*?>')
_TAGS: Final = re.compile(r"<[^>]+>")


@dataclass
class Answer:
    status: int
    address: str  # where it leads
    words: str  # what the page says about a refusal
    seconds: float


class Balancer(httpx.BaseTransport):
    """In turn to each server.

    What one of them did not answer goes to the next, as in falcon_web/deploy/nginx.conf.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._ways = [(httpx.URL(url), httpx.HTTPTransport(verify=_SSL)) for url in urls]
        self._turn = random.randrange(len(urls))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for attempt in range(len(self._ways)):
            self._turn = (self._turn + 1) % len(self._ways)
            server, way = self._ways[self._turn]
            request.url = request.url.copy_with(port=server.port)
            try:
                return way.handle_request(request)
            except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                if attempt == len(self._ways) - 1:
                    raise
        raise AssertionError

    def close(self) -> None:
        for _server, way in self._ways:
            way.close()


@dataclass
class Buyer:
    url: str
    name: str = "Thandi"
    surname: str = "Nkosi"
    phone: str = ""
    timeout: float = 60
    slowest: float = 0.0
    reference: str = ""
    order: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    seen: list[str] = field(default_factory=list)  # every address that was asked for or led to
    others: tuple[str, ...] = ()  # more web processes behind the same balancer

    def __post_init__(self) -> None:
        balancer = Balancer((self.url, *self.others)) if self.others else None
        self.client = httpx.Client(
            base_url=self.url, timeout=self.timeout, verify=_SSL, trust_env=False, transport=balancer
        )

    def close(self) -> None:
        self.client.close()

    def get(self, address: str, **query: Any) -> httpx.Response:
        response = self._send("GET", address, params=query or None)
        self.fields = {name: html.unescape(value) for name, value in _HIDDEN.findall(response.text)}
        return response

    def post(self, address: str, data: dict[str, Any]) -> httpx.Response:
        return self._send(
            "POST", address, data={"csrfmiddlewaretoken": self.fields.get("csrfmiddlewaretoken", ""), **data}
        )

    def _send(self, method: str, address: str, **options: Any) -> httpx.Response:
        started = time.monotonic()
        try:
            response = self.client.request(method, address, **options)
        finally:
            self.slowest = max(self.slowest, time.monotonic() - started)
        self.statuses[response.status_code] += 1
        self.seen += [str(response.url), response.headers.get("location", "")]
        return response

    def search(self, start: str, end: str, day: str) -> str:
        """The page of results, as text."""
        return self.get("/search/", **{"from": start, "to": end, "date": day, "passengers": 1}).text

    def look(self, schedule_id: int, start: str, end: str, *, passengers: int = 1) -> list[str]:
        """Open the seat map; the labels that can be ticked."""
        self.ride = (
            f"/departures/{schedule_id}/?{urlencode({'from': start, 'to': end, 'passengers': passengers})}"
        )
        page = self.get(self.ride).text
        return [tag.group(1) for tag in _FREE.finditer(page) if "disabled" not in tag.group(0)]

    def hold(self, *seats: str, any_of: int = 0) -> Answer:
        """Keep the seats named, or `any_of` seats of the house's choice."""
        choice = (
            {"choose": "any", "passengers": any_of}
            if any_of
            else {"seats": list(seats), "passengers": len(seats)}
        )
        started = time.monotonic()
        response = self.post(self.ride, choice)
        answer = Answer(
            response.status_code,
            response.headers.get("location", ""),
            _words(response.text),
            time.monotonic() - started,
        )
        self.checkout = answer.address
        return answer

    def fill_in(self, passengers: int = 1) -> httpx.Response:
        self.get(self.checkout)
        data = {"action": "details", "email": f"{self.name.lower()}@example.com", "phone": self.phone}
        for index in range(passengers):
            data |= {
                f"p{index}-first_name": self.name,
                f"p{index}-surname": self.surname,
                f"p{index}-passenger_type": "adult",
            }
        return self.post(self.checkout, data)

    def order_form(self, *, pay: str = "now") -> dict[str, str]:
        """The review page's form, ready to be sent (more than once, if need be)."""
        page = self.get(self.checkout, step="review")
        if "submission" not in self.fields:
            raise KeyError(
                f"no review but {page.status_code} {page.headers.get('location', '')} {_words(page.text)}"
            )
        return {
            "action": "place",
            "submission": self.fields["submission"],
            "digest": self.fields["digest"],
            "pay": pay,
        }

    def place(self, form: dict[str, str]) -> str:
        """Send the order; where it leads: the gateway, or the order's status."""
        response = self.post(self.checkout, form)
        if response.status_code != 302:
            raise Refused(response.status_code, _words(response.text))
        return response.headers["location"]

    def pay(self, gateway: str) -> str:
        self.get(gateway)
        response = self.post(gateway, {"decision": "pay"})
        if response.status_code != 302:
            raise Refused(response.status_code, _words(response.text))
        self.order = response.headers["location"]
        return self.order

    def wait_for_ticket(self, seconds: float = 75) -> str:
        """Ask for the order's status until it leads to the booking.

        By the queue, or at the latest by its sweep of the next minute.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            response = self.get(self.order)
            if response.status_code == 302:
                self.reference = response.headers["location"].strip("/").split("/")[-1]
                return self.reference
            time.sleep(0.3)
        raise Refused(0, "no confirmation in time")

    def buy(self, schedule_id: int, start: str, end: str, *, passengers: int = 1) -> str:
        """From the seat map to the gateway's answer; the order's address is the promise that counts."""
        self.look(schedule_id, start, end, passengers=passengers)
        held = self.hold(any_of=passengers)
        if held.status != 302:
            raise Refused(held.status, held.words)
        self.fill_in(passengers)
        return self.pay(self.place(self.order_form()))

    def cancel(self) -> httpx.Response:
        address = f"/bookings/{self.reference}/cancel/"
        page = self.get(address).text
        tickets = re.findall(r'name="tickets" value="(\d+)"', page)
        quoted_for = re.findall(r'name="quoted_for" value="(\d+)"', page)
        form = {"quoted": self.fields["quoted"], "submission": self.fields["submission"], "action": "cancel"}
        return self.post(address, {"tickets": tickets, "quoted_for": quoted_for, **form})


Visit = Callable[[], Buyer]


class Refused(Exception):
    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status}: {words}")
        self.status, self.words = status, words


def _words(page: str) -> str:
    found = _WORDS.search(page) or _TITLE.search(page)
    return " ".join(html.unescape(_TAGS.sub(" ", found.group(1))).split()) if found else ""
