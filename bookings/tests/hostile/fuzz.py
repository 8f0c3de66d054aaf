"""Hostile requests, made from a seed.

Real forms with some of their values replaced, and what no browser would send.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final
from urllib.parse import parse_qsl, quote_from_bytes, urlsplit

from django.conf import settings
from django.test import Client

from bookings.models import User
from bookings.tests.hostile.wire import Request
from bookings.tests.hostile.world import Place, World, places

MARK: Final = "fz-mark"
_SECRET: Final = "c" * 32  # the CSRF token; what a browser of ours would have
_MARKUP: Final = f"\"'><{MARK} x='`{{{{7*7}}}}"
_STRINGS: Final = (
    "", " ", "\x00", "a\x00b", "\x01\x1f\x7f", "\ud800", "x\udfffy",
    "\ufeff", "\u202e\u2066", "\u0130ı\u0149ß", "é\u0301" * 40, "🚌" * 60,
    "٣", "１２", "²", "Ⅷ", "-1", "0", "+1", "00", "1.5", "1e309", "1e-400",
    "NaN", "Infinity", "-0", "0x10", "1_000", "9" * 19, "9" * 400,
    "2147483648", "-2147483649", "9223372036854775808", "99999999999999999999.99", "1" + "0" * 5000,
    _MARKUP, f"<{MARK}>", f"javascript:{MARK}", f"</script><{MARK}>",
    "' OR 1=1 --", "'; DROP TABLE bookings_order; --", "%", "_", "\\", "$(id)",
    "../../../../etc/passwd", "\r\nX-Injected: 1", "a\nb", "//evil.example/",
    "https://evil.example/", "\\\\evil.example", "http:evil",
    "2026-02-30", "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01",
    "2026-13-01T99:99", "1969-12-31", "31/12/2026", "24:00", "٢٠٢٦-١٢-٠١",
    "true", "null", "[]", "{}", "None", "on", "@", "@-1",
    "johannesburg@99999999999999999999", "a@b", "x" * 300, "A" * 70_000,
)  # fmt: skip
_TYPES: Final = (
    b"application/x-www-form-urlencoded", b"application/json", b"text/plain",
    b"multipart/form-data", b"multipart/form-data; boundary=",
    b"multipart/form-data; boundary=\xff\xfe",
    b"application/x-www-form-urlencoded; charset=utf-16", b"application/xml", b"\xff", b"",
    b"application/x-www-form-urlencoded; charset=nonsense", b"application/json; charset=utf-7",
)  # fmt: skip
_HEADERS: Final = (
    "HX-Request", "HX-Target", "HX-Current-URL", "HX-Boosted",
    "HX-History-Restore-Request", "HX-Prompt", "HX-Trigger", "Referer", "Origin",
    "Accept", "Accept-Language", "Accept-Encoding", "Accept-Charset",
    "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded",
    "User-Agent", "Range", "If-None-Match", "If-Modified-Since", "If-Match",
    "Authorization", "X-API-Key", "Idempotency-Key", "X-Request-ID",
    "X-Requested-With", "X-HTTP-Method-Override", "X-Refresh",
    "Content-Encoding", "Cookie", "Host", "X-CSRFToken", "Content-Type",
)  # fmt: skip
_METHODS: Final = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get")
_JSON: Final = (
    b"{", b"[]", b"null", b"1e999", b'{"a":1,"a":2}', b"\xff\xfe",
    b'"\\ud800"', b"[" * 5000, b'{"seats":' + b"9" * 5000 + b"}", b"NaN",
)  # fmt: skip


@dataclass(frozen=True)
class Form:
    """A form or link of a page: where it leads, by which method, and what it would send."""

    role: str
    method: str
    path: str
    fields: tuple[tuple[str, str], ...]


class _Forms(HTMLParser):
    def __init__(self, role: str, page: str) -> None:
        super().__init__()
        self.role, self.page = role, page
        self.found: list[Form] = []
        self._open: tuple[str, str] | None = None
        self._fields: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open, self._fields = (has.get("method", "get").upper(), has.get("action") or self.page), []
        elif tag in ("input", "select", "textarea", "button") and self._open and has.get("name"):
            self._fields.append((has["name"], has.get("value", "")))
        elif tag == "a" and has.get("href", "").startswith(("/", "?")) and "?" in has["href"]:
            self._add("GET", has["href"], [])
        for name in ("hx-get", "hx-post"):
            if has.get(name, "").startswith(("/", "?")):
                self._add(name[3:].upper(), has[name], [])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._open:
            self._add(*self._open, self._fields)
            self._open = None

    def _add(self, method: str, action: str, fields: list[tuple[str, str]]) -> None:
        parts = urlsplit(action)
        path = parts.path or urlsplit(self.page).path
        query = parse_qsl(parts.query, keep_blank_values=True)
        known = [(name, value) for name, value in (*query, *fields) if name != "csrfmiddlewaretoken"]
        self.found.append(Form(self.role, method, path, tuple(known)))


class Fuzzer:
    """An endless stream of requests; the same seed on the same world gives the same ones."""

    def __init__(self, world: World, seed: int, *, rows: int = 3) -> None:
        self.world, self.dice = world, random.Random(seed)
        self.by_place: dict[str, list[str]] = {}
        for place in places():
            self.by_place.setdefault(_group(place), []).extend(place.addresses(world.parts))
        without = [group for group, addresses in self.by_place.items() if not addresses]
        assert without == [], f"`make_world` has nothing to put into the addresses of {without}"
        self.forms = self._harvest(rows)
        self.names = sorted({name for form in self.forms for name, _value in form.fields})

    def _harvest(self, rows: int) -> list[Form]:
        """The forms of every page, as each role sees it, for so many rows of its kind."""
        found: dict[tuple[str, str, str, frozenset[str]], Form] = {}
        for role, client in self.world.clients.items():
            for where in self.by_place.values():
                for address in where[:rows]:
                    if address.startswith("/admin/") and role not in ("manager", "auditor"):
                        continue
                    page = client.get(address, self._query(address))
                    if page.status_code == 200 and page["Content-Type"].startswith("text/html"):
                        reader = _Forms(role, address)
                        reader.feed(page.content.decode())
                        for form in reader.found:
                            found.setdefault(
                                (role, form.method, form.path, frozenset(name for name, _ in form.fields)),
                                form,
                            )
        return list(found.values())

    def _query(self, address: str) -> dict[str, str]:
        ride = {"from": "johannesburg", "to": "cape-town", "passengers": "2"}
        day = self.world.schedule.departure_time.date().isoformat()
        if address == "/search/" or address == "/office/sell/":
            return {**ride, "date": day}
        if address.startswith("/departures/"):
            return {**ride, "city": "johannesburg"}
        return {}

    def requests(self, number: int) -> Iterator[tuple[str, Request]]:
        """Pairs of role and request."""
        for _each in range(number):
            yield self._form() if self.dice.random() < 0.6 else self._address()

    def _form(self) -> tuple[str, Request]:
        form = self.dice.choice(self.forms)
        fields = self._mutated(list(form.fields))
        if form.method == "GET" or self.dice.random() < 0.1:
            return self._request(form.role, self._method("GET"), form.path, fields, b"", b"")
        kind, body = self._body(fields)
        query = [field for field in form.fields if self.dice.random() < 0.5]
        return self._request(form.role, self._method("POST"), form.path, query, kind, body)

    def _address(self) -> tuple[str, Request]:
        where = self.dice.choice(list(self.by_place.values()))
        role = self.dice.choice(list(self.world.clients))
        fields = self._mutated(
            [(self.dice.choice(self.names), self._string()) for _ in range(self.dice.randint(0, 5))]
        )
        method = self._method(self.dice.choice(["GET", "POST"]))
        kind, body = self._body(fields) if method not in ("GET", "HEAD") else (b"", b"")
        return self._request(role, method, self._path(self.dice.choice(where)), fields, kind, body)

    def _method(self, usual: str) -> str:
        return usual if self.dice.random() < 0.93 else self.dice.choice(_METHODS)

    def _string(self) -> str:
        return self.dice.choice(_STRINGS)

    def _mutated(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        for _change in range(self.dice.choice((0, 1, 1, 1, 2, 3, 8))):
            place = self.dice.randrange(len(fields)) if fields else -1
            act = self.dice.random()
            if place < 0 or act < 0.1:
                fields.append((self.dice.choice(self.names), self._string()))
            elif act < 0.75:
                fields[place] = (fields[place][0], self._string())
            elif act < 0.85:
                fields.append((fields[place][0], self._string()))  # twice
            elif act < 0.95:
                del fields[place]
            else:
                fields[place] = (self._string(), fields[place][1])
        return fields

    def _path(self, path: str) -> str:
        if self.dice.random() < 0.7:
            return path
        pieces = path.split("/")
        pieces[self.dice.randrange(len(pieces))] = self._string()[:6000]
        return "/" + "/".join(pieces).lstrip("/")

    def _body(self, fields: list[tuple[str, str]]) -> tuple[bytes, bytes]:
        act = self.dice.random()
        if act < 0.6:
            return b"application/x-www-form-urlencoded", _urlencoded(fields)
        if act < 0.75:
            body = _multipart(fields, upload=self.dice.random() < 0.3)
            if self.dice.random() < 0.5:
                body = body[: self.dice.randrange(len(body) + 1)] + self.dice.choice(
                    (b"", b"\xff\x00", b"--", b"\r\n")
                )
            return b"multipart/form-data; boundary=XX", body
        if act < 0.88:
            return b"application/json", self.dice.choice((_json(fields), *_JSON))
        if act < 0.9:
            return b"application/x-www-form-urlencoded", b"a=" + b"x" * 1_000_000
        if act < 0.91:
            return b"application/x-www-form-urlencoded", b"&".join(
                b"f%d=1" % number for number in range(1200)
            )
        return self.dice.choice(_TYPES), self.dice.choice(
            (_urlencoded(fields), b"\xff\xfe\x00", b"%", b"=&=&;", b"a=%ff%fe&%00=%ed%a0%80")
        )

    def _request(
        self, role: str, method: str, path: str, query: list[tuple[str, str]], kind: bytes, body: bytes
    ) -> tuple[str, Request]:
        target = quote_from_bytes(_bytes(path), safe="/")
        if self.dice.random() < 0.05:
            target += self.dice.choice(
                ("%ff%fe", "%00", "%c0%af..%c0%af", "%ed%a0%80", "%", "%zz", "%2e%2e/")
            )
        asked = _urlencoded(query)[:20_000]
        if self.dice.random() < 0.03:
            asked += self.dice.choice(
                (b"&%ff=%fe", b"&=&&=", b"&a[]=1&a[b]=2", b";x=1", b"&" + b"q=1&" * 1500)
            )
        headers = {"Cookie": self._cookies(role), "X-CSRFToken": _SECRET.encode()}
        if kind or body:
            headers["Content-Type"] = kind
        if self.dice.random() < 0.3:
            headers["HX-Request"] = b"true"
        for _change in range(self.dice.choice((0, 0, 0, 1, 1, 2, 4))):
            headers[self.dice.choice(_HEADERS)] = _header(self._string())
        return role, Request(
            method, target.encode() + (b"?" + asked if asked else b""), tuple(headers.items()), body
        )

    def _cookies(self, role: str) -> bytes:
        jar = {name: morsel.value for name, morsel in self.world.clients[role].cookies.items()}
        jar[settings.CSRF_COOKIE_NAME] = _SECRET
        if self.dice.random() < 0.03:
            jar[
                self.dice.choice([settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "messages", "x"])
            ] = self._string()[:3000]
        return b"; ".join(f"{name}=".encode() + _header(value) for name, value in jar.items())


def sign_in_again(client: Client, role: str) -> None:
    """After a request that signed somebody out."""
    client.cookies.clear()
    client.force_login(User.objects.get(role=role))


def _group(place: Place) -> str:
    """The many alike pages of the admin count as one each: of one model no more than of another."""
    if not place.pattern.startswith("admin"):
        return place.name
    return "admin " + (place.name.rpartition("_")[2] if "bookings_" in place.name else place.name)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _header(text: str) -> bytes:
    """What can stand in a header at all: no line breaks, no NUL."""
    return _bytes(text).translate(None, b"\r\n\x00")[:4000]


def _urlencoded(fields: list[tuple[str, str]]) -> bytes:
    return "&".join(
        f"{quote_from_bytes(_bytes(name))}={quote_from_bytes(_bytes(value))}" for name, value in fields
    ).encode()


def _multipart(fields: list[tuple[str, str]], *, upload: bool) -> bytes:
    parts = []
    for number, (name, value) in enumerate(fields):
        file = b'; filename="../%00\xff.exe"' if upload and not number else b""
        parts.append(
            b'--XX\r\nContent-Disposition: form-data; name="'
            + _bytes(name)
            + b'"'
            + file
            + b"\r\n\r\n"
            + _bytes(value)
            + b"\r\n"
        )
    return b"".join(parts) + b"--XX--\r\n"


def _json(fields: list[tuple[str, str]]) -> bytes:
    return json.dumps(
        {name: value if len(value) % 3 else [value, {name: None}] for name, value in fields}
    ).encode()
