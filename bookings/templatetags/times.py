from django import template

from bookings.web.changed_times import changed_time

register = template.Library()
register.filter("changed", changed_time)
