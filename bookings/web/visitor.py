import ipaddress
import secrets
from functools import lru_cache
from typing import Final

from django.http import HttpRequest

from bookings.base.codes import sha256
from bookings.database.session_store import ORDERS, VISITOR

_MOST_ORDERS: Final = 50


def visitor_key(request: HttpRequest, *, create: bool = False) -> str:
    """Who holds seats: a hash of a random key in the session.

    Empty for a visitor who has no session and needs none yet.
    """
    if VISITOR not in request.session:
        if not create:
            return ""
        request.session[VISITOR] = secrets.token_urlsafe(16)
    return sha256(request.session[VISITOR])


def read_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address as a server or a header writes it.

    One of the old kind in the new kind's clothes is taken out of them.
    """
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def client_net(
    request: HttpRequest, *, prefix: int = 32
) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The client as it is counted.

    Its address, or its network of `prefix` bits; of IPv6 the /64, as every home has billions of addresses.
    """
    return _net(request.META.get("REMOTE_ADDR", ""), prefix)


@lru_cache(maxsize=1000)
def _net(text: str, prefix: int) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    address = read_address(text)
    if address is None:
        return None
    return ipaddress.ip_network((address, prefix if address.version == 4 else 64), strict=False)


def client_key(request: HttpRequest) -> str:
    """The client's address (/64), hashed."""
    return sha256(str(client_net(request)))


def network_key(request: HttpRequest) -> str:
    """The client's network, /24 or /64, hashed: one household or one office, never stored as an address."""
    return sha256(str(client_net(request, prefix=24)))


def grant_order(request: HttpRequest, order_id: int, contact_version: int) -> None:
    """This browser may see tickets of the order and change it: it bought it, or came by the mailed link.

    Until the order's contact changes, that is: whoever came by the contact of before has to come again.
    """
    grant = _grant(order_id, contact_version)
    orders = [known for known in request.session.get(ORDERS, []) if known != grant]
    request.session[ORDERS] = [*orders, grant][-_MOST_ORDERS:]


def may_manage(request: HttpRequest, order_id: int, contact_version: int) -> bool:
    return _grant(order_id, contact_version) in request.session.get(ORDERS, [])


def _grant(order_id: int, contact_version: int) -> int | str:
    return f"{order_id}.{contact_version}" if contact_version else order_id


def forget_guest(request: HttpRequest) -> None:
    """End the guest's session: what it bought and came to by links is not shown here any more. Staff who have
    signed in with this browser stay so.
    """
    if not request.user.is_authenticated:
        request.session.flush()
        return
    for name in (VISITOR, ORDERS):
        request.session.pop(name, None)


def forget_visitor(request: HttpRequest) -> None:
    """Who came without a session and got nothing leaves without one.

    Two hundred who want the last seat would write two hundred rows.
    """
    if request.session.session_key is None:
        request.session.flush()
