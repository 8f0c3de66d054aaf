from datetime import date

from django import template

from bookings.passenger.asked import Asked

register = template.Library()


@register.simple_tag
def day_address(asked: Asked, day: date) -> str:
    return asked.address(day=day)
