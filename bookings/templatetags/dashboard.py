from django import template
from django.urls import NoReverseMatch, reverse

from bookings.office.policy import may
from bookings.office.presenters.dashboard_blocks import DashboardView, departure_row

register = template.Library()
register.filter("departure_row", departure_row)


@register.simple_tag
def desk_address(desk: DashboardView, name: str, **more: object) -> str:
    """The address of a page for the station that the desk shows."""
    return desk.address(name, **more)


@register.simple_tag
def open_link(role: str, names: str, *args: object) -> str:
    """The address of the first of these pages (their names, parted by blanks) that the role may open.

    Empty without any.
    """
    for name in names.split():
        if may(role, name):
            try:
                return reverse(f"office:{name}", args=args)
            except NoReverseMatch:
                continue
    return ""
