"""GTFS-Realtime for journey planners: what happens to the departures of `/gtfs.zip`."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from bookings.base.codes import sha256
from bookings.base.errors import NotFound
from bookings.cache.get_or_compute import get_or_compute
from bookings.domain.search.feed_publishing import PublishedFeed, published_feed
from bookings.domain.search.realtime import SECONDS, alerts, trip_updates
from bookings.web.access import public

_PROTOBUF: Final = "application/x-protobuf"


@public
@require_safe
def trip_updates_feed(request: HttpRequest) -> HttpResponse:
    """Late, skipped, cancelled and new departures; with ?format=json to be read."""
    return _answer(request, "trip-updates", trip_updates)


@public
@require_safe
def alerts_feed(request: HttpRequest) -> HttpResponse:
    """The same in words."""
    return _answer(request, "alerts", alerts)


def _answer(request: HttpRequest, name: str, make: Callable[..., Any]) -> HttpResponse:
    """The same for half a minute: everybody gets one answer, and knows it by its ETag."""
    slot = int(timezone.now().timestamp()) // SECONDS * SECONDS
    is_json = request.GET.get("format") == "json"
    with translation.override("en"):
        body = get_or_compute(f"gtfs-rt:{name}:{is_json}:{slot}", lambda: _body(make, slot, is_json), SECONDS)
    content = bytes.fromhex(body) if not is_json else body.encode()
    etag = quote_etag(sha256(body)[:32])
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(content, content_type="application/json" if is_json else _PROTOBUF)
    response["ETag"], response["Cache-Control"] = etag, f"public, max-age={SECONDS}"
    return response


def _body(make: Callable[..., Any], slot: int, is_json: bool) -> str:
    """As any cache can keep it. A feed that is not published yet has nothing happening to it."""
    from google.protobuf.json_format import MessageToJson  # slow to load, and few requests need it

    now = datetime.fromtimestamp(slot, UTC)
    try:
        feed = published_feed()
    except NotFound:
        feed = None
    message = make(feed or PublishedFeed("", now), now=now)
    if is_json:
        return MessageToJson(message, preserving_proto_field_name=True)
    return str(message.SerializeToString().hex())
