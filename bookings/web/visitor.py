import ipaddress
import secrets
from typing import Final

from django.http import HttpRequest

from bookings.base.codes import sha256

_VISITOR: Final = "visitor"
_ORDERS: Final = "orders"
_MOST_ORDERS: Final = 50


def visitor_key(request: HttpRequest, *, create: bool = False) -> str:
    """Who holds seats: a hash of a random key in the session. Empty for a visitor who has no session and needs none yet."""
    if _VISITOR not in request.session:
        if not create:
            return ""
        request.session[_VISITOR] = secrets.token_urlsafe(16)
    return sha256(request.session[_VISITOR])


def network_key(request: HttpRequest) -> str:
    """The client's network, /24 or /64, hashed: one household or one office, never stored as an address."""
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return sha256("unknown")
    prefix = 24 if address.version == 4 else 64
    return sha256(str(ipaddress.ip_network(f"{address}/{prefix}", strict=False)))


def grant_order(request: HttpRequest, order_id: int) -> None:
    """This browser may see tickets of the order and change it: it bought it, or came by the mailed link."""
    orders = [known for known in request.session.get(_ORDERS, []) if known != order_id]
    request.session[_ORDERS] = [*orders, order_id][-_MOST_ORDERS:]


def may_manage(request: HttpRequest, order_id: int) -> bool:
    return order_id in request.session.get(_ORDERS, [])


def forget_visitor(request: HttpRequest) -> None:
    """Who came without a session and got nothing leaves without one: two hundred who want the last seat would write two hundred rows."""
    if request.session.session_key is None:
        request.session.flush()
