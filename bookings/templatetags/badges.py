from django import template

from bookings.web import badges

register = template.Library()

for name in ("booking_badge", "departure_badge", "manifest_badge", "mail_badge", "warning", "urgency"):
    register.filter(name, getattr(badges, name))
