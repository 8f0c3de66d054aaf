from django import template

from bookings.domain.sales.booking_page import needs_text

register = template.Library()
register.filter("needs", needs_text)
