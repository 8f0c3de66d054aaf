"""Who the company is, and what passengers ask."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import conditional_page, require_safe

from bookings.database.replica.routing import may_lag
from bookings.passenger.presenters.help_pages import HelpFacts, help_links
from bookings.web.access import public

PAGES: Final = (
    "help",
    "help_luggage",
    "help_children",
    "help_accessibility",
    "help_documents",
    "terms",
    "about",
    "contact",
    "privacy",
)


@public
@may_lag
@require_safe
@conditional_page
def page(request: HttpRequest, name: str) -> HttpResponse:
    """One of PAGES: what may change in it is read from where the product takes it."""
    context = {"facts": HelpFacts(), "links": help_links(name), "address": request.path}
    return render(request, f"passenger/help/{name}.html", context)
