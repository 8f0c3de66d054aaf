from functools import cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """The drawing of this name, rendered once by a process: a page shows a dozen."""
    return mark_safe(render_to_string("shared/icon.html", {"name": name}))
