from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag
from django.views.decorators.http import require_safe

from bookings.database.replica.routing import may_lag
from bookings.domain.search.feed_publishing import published_feed
from bookings.web.access import public
from bookings.web.errors import unavailable
from bookings.web.ratelimit import enforce_limit

_CACHE_SECONDS = 900


@public
@may_lag
@require_safe
def gtfs(request: HttpRequest) -> HttpResponse:
    """The timetable for journey planners. Who asks whether it has changed costs one small query."""
    feed = published_feed()
    if feed is None:
        return unavailable(request)
    etag, changed = quote_etag(feed.sha256), int(feed.changed_at.timestamp())
    response = get_conditional_response(request, etag=etag, last_modified=changed)
    if response is None:
        enforce_limit(request, "feed")
        body = feed.body()
        if body is None:
            return unavailable(request)
        response = HttpResponse(body, content_type="application/zip")
        response["Content-Disposition"] = 'attachment; filename="falcon-gtfs.zip"'
        response["Content-Encoding"] = "identity"  # it is compressed already
    response["ETag"], response["Cache-Control"] = etag, f"public, max-age={_CACHE_SECONDS}"
    response.headers.setdefault("Last-Modified", http_date(changed))
    return response
