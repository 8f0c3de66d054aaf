from typing import Any

from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe


def kept_fragment(template: str, context: dict[str, Any], *, key: str, seconds: int) -> SafeString:
    """The rendered template, kept in the cache under `key`, which must name all that decides what it shows.

    While it is kept nothing of the context is evaluated: pass what costs a query as a function.
    """
    html = cache.get(key)
    if html is None:
        html = str(render_to_string(template, context))
        cache.set(key, html, timeout=seconds)
    return mark_safe(html)  # our own rendering, escaped by the template
