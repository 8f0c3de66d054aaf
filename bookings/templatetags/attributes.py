from django import template

from bookings.web.attributes import attribute, flag

register = template.Library()
register.filter("attribute", attribute)
register.filter("flag", flag)
