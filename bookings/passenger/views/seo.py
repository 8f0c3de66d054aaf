from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import escape
from django.views.decorators.http import conditional_page, require_safe

from bookings.cache.get_or_compute import get_or_compute
from bookings.database.replica.routing import may_lag
from bookings.domain.search.city_pairs import ACTIVE_SECONDS, all_pairs
from bookings.passenger.views.help import PAGES
from bookings.web.access import public


@public
@may_lag
@require_safe
@conditional_page
def sitemap(request: HttpRequest) -> HttpResponse:
    body = get_or_compute(f"sitemap:{settings.SITE_URL}", _sitemap, ACTIVE_SECONDS)
    return HttpResponse(body, content_type="application/xml")


def _sitemap() -> str:
    paths = [reverse("passenger:home"), reverse("passenger:board"), reverse("passenger:network")]
    paths += [reverse(f"passenger:{name}") for name in PAGES]
    paths += [reverse("passenger:pair", args=pair) for pair in all_pairs()]
    rows = "".join(f"<url><loc>{escape(settings.SITE_URL + path)}</loc></url>\n" for path in paths)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{rows}</urlset>\n'


@public
@require_safe
@conditional_page
def robots(request: HttpRequest) -> HttpResponse:
    closed = [
        "/checkout/",
        "/orders/",
        "/payments/",
        "/bookings/",
        "/office/",
        "/admin/",
        "/demo/",
        "/search/",
        "/places/",
    ]
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in closed),
        f"Sitemap: {settings.SITE_URL}{reverse('passenger:sitemap')}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@public
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Asked for by browsers on pages that name no icon, as those of Django's admin."""
    answer = redirect(static("img/favicon.svg"))
    answer["Cache-Control"] = "public, max-age=86400"
    return answer
