"""What makes the site installable, and the ticket readable without a signal."""

from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import conditional_page, require_safe

from bookings.domain.company.details import company_name
from bookings.web.access import public

_WORKER: Final = Path(settings.BASE_DIR) / "static/js/ticket-worker.js"


@public
@require_safe
@conditional_page
def manifest(request: HttpRequest) -> HttpResponse:
    icon = {"src": static("img/favicon.svg"), "type": "image/svg+xml", "sizes": "any", "purpose": "any"}
    content = {
        "name": company_name(),
        "short_name": company_name().split()[0],
        "lang": get_language(),
        "start_url": reverse("passenger:find"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#f5f4f8",
        "theme_color": "#1a1838",
        "icons": [icon],
    }
    answer = JsonResponse(content, content_type="application/manifest+json")
    answer["Cache-Control"] = "public, max-age=3600"
    return answer


@public
@require_safe
@conditional_page
def worker(request: HttpRequest) -> HttpResponse:
    """Below /bookings/, because a worker answers for what is below its own address, and for nothing else."""
    answer = HttpResponse(_WORKER.read_bytes(), content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer
