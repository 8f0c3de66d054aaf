from datetime import date

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from bookings.domain.search.offers import Offer
from bookings.models import Amenity
from bookings.passenger.asked import Asked
from bookings.passenger.structured import departure_link

register = template.Library()


@register.simple_tag
def day_address(asked: Asked, day: date) -> str:
    return asked.address(day=day)


@register.simple_tag
def departure_address(asked: Asked, offer: Offer) -> str:
    return asked.departure_address(offer)


@register.simple_tag
def lone_address(offer: Offer) -> str:
    """The departure's page for one adult."""
    return departure_link(offer)


@register.simple_tag
def amenity_icon(label: str) -> SafeString:
    """The drawing of an amenity, with its name for those who cannot see it."""
    name = next((amenity.value for amenity in Amenity if str(amenity.label) == label), "check")
    picture = '<svg class="icon" role="img" aria-label="{0}"><title>{0}</title><use href="{1}#{2}"/></svg>'
    return format_html(picture, label, static("img/icons.svg"), name)
