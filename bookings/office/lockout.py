"""What django-axes asks us: whose tries it counts together, and what it says when there were too many."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.errors import TooMany
from bookings.web.render import render_problem
from bookings.web.visitor import client_net


def counted_address(request: HttpRequest) -> str:
    """The client's address; of IPv6 the network, since every home has billions of addresses."""
    net = client_net(request)
    return str(net.network_address) if net else "0.0.0.0"


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict | None = None
) -> HttpResponse:
    wait = settings.AXES_COOLOFF_TIME
    minutes = int(wait.total_seconds() // 60)
    message = ngettext(
        "Too many failed attempts to sign in. Please wait %(minutes)d minute, or ask your supervisor.",
        "Too many failed attempts to sign in. Please wait %(minutes)d minutes, or ask your supervisor.",
        minutes,
    ) % {"minutes": minutes}
    return render_problem(
        request, TooMany(message or _("Please wait."), retry_after=int(wait.total_seconds()))
    )
