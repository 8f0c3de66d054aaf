from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.database.replica.routing import may_lag
from bookings.domain.search.feed_publishing import published_feed
from bookings.web.access import public
from bookings.web.ratelimit import enforce_limit

_CACHE_SECONDS = 900
_MAKING_SECONDS = 10


@public
@may_lag
@require_safe
def gtfs(request: HttpRequest) -> HttpResponse:
    """The timetable for journey planners. Who asks whether it has changed costs one small query."""
    feed = published_feed()
    if feed is None:
        return _not_made_yet()
    etag, changed = quote_etag(feed.sha256), int(feed.changed_at.timestamp())
    response = get_conditional_response(request, etag=etag, last_modified=changed)
    if response is None:
        enforce_limit(request, "feed")
        body = feed.body()
        if body is None:
            return _not_made_yet()
        response = HttpResponse(body, content_type="application/zip")
        response["Content-Disposition"] = 'attachment; filename="gtfs.zip"'
        response["Content-Encoding"] = "identity"  # it is compressed already
    response["ETag"], response["Cache-Control"] = etag, f"public, max-age={_CACHE_SECONDS}"
    response.headers.setdefault("Last-Modified", http_date(changed))
    return response


def _not_made_yet() -> HttpResponse:
    """In plain text: programs ask for the feed, and ask again."""
    text = _("The timetable is being prepared. Please try again in a moment.")
    response = HttpResponse(text, content_type="text/plain; charset=utf-8", status=503)
    response["Retry-After"], response["Cache-Control"] = str(_MAKING_SECONDS), "no-store"
    return response
