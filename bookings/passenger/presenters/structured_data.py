"""What search engines read: schema.org data in a script element that no browser runs."""

import json
from typing import Any, Final

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from bookings.domain.company.details import company_name
from bookings.domain.search.city_pairs import PairPage
from bookings.domain.search.offers import Offer
from bookings.passenger.addresses import departure_path

_ESCAPES: Final = {
    ord(">"): "\\u003E",
    ord("<"): "\\u003C",
    ord("&"): "\\u0026",
}  # so that no text can end the element


def departure_link(offer: Offer) -> str:
    """The departure's page for one adult."""
    page = departure_path(offer.schedule_id)
    return f"{page}?from={offer.from_ref}&to={offer.to_ref}&passengers=1"


def _trip(offer: Offer) -> dict[str, Any]:
    return {
        "@type": "BusTrip",
        "busName": offer.line,
        "provider": {"@type": "Organization", "name": company_name(), "url": f"{settings.SITE_URL}/"},
        "departureTime": offer.departs_iso,
        "arrivalTime": offer.arrives_iso,
        "departureBusStop": {"@type": "BusStop", "name": offer.board_stop},
        "arrivalBusStop": {"@type": "BusStop", "name": offer.alight_stop},
        "offers": {
            "@type": "Offer",
            "price": str(offer.price_zar),
            "priceCurrency": "ZAR",
            "availability": f"https://schema.org/{'InStock' if offer.state == 'open' else 'SoldOut'}",
            "url": f"{settings.SITE_URL}{departure_link(offer)}",
        },
    }


def bus_trips(page: PairPage) -> SafeString:
    data = {"@context": "https://schema.org", "@graph": [_trip(offer) for offer in page.offers]}
    return mark_safe(json.dumps(data, ensure_ascii=False).translate(_ESCAPES))
