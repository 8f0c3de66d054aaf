"""Attributes that an element may have or not, so that no template needs a condition within a tag."""

from django.utils.html import format_html


def flag(is_set: object, text: str) -> str:
    """The text as the template has it, or nothing: `{{ is_chosen|flag:"checked" }}`."""
    return text if is_set else ""


def attribute(value: object, name: str) -> str:
    """The attribute with this value; nothing without a value: `{{ place.ref|attribute:"data-ref" }}`."""
    return format_html('{}="{}"', name, value) if value else ""
