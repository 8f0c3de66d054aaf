from django import template

from bookings.web import badges

register = template.Library()

for colour in (
    badges.booking_badge,
    badges.departure_badge,
    badges.manifest_badge,
    badges.mail_badge,
    badges.alert_badge,
    badges.warning,
    badges.warn_below,
    badges.bad_above,
    badges.urgency,
):
    register.filter(colour)
