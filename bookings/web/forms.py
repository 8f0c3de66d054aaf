from typing import Any, Final

from django.forms.renderers import DjangoTemplates
from django.utils.html import conditional_escape

_INPUT: Final = frozenset(
    f"django/forms/widgets/{kind}.html"
    for kind in ("text", "number", "date", "email", "hidden", "checkbox", "password", "input")
)
_SELECT: Final = "django/forms/widgets/select.html"


class ReadyRenderer(DjangoTemplates):
    """Django's own widgets, letter for letter, without a template for each.

    A form is the dearest part of a small page.
    """

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        if template_name in _INPUT:
            return _input(context["widget"])
        if template_name == _SELECT and not any(
            name for name, _options, _index in context["widget"]["optgroups"]
        ):
            return _select(context["widget"])
        return super().render(template_name, context, request)


def _input(widget: dict[str, Any]) -> str:
    value = "" if widget["value"] is None else f' value="{_text(widget["value"])}"'
    return f'<input type="{widget["type"]}" name="{_text(widget["name"])}"{value}{_attrs(widget)}>'


def _select(widget: dict[str, Any]) -> str:
    options = (option for _name, options, _index in widget["optgroups"] for option in options)
    rows = "".join(
        f'\n  <option value="{_text(option["value"])}"{_attrs(option)}>'
        f"{conditional_escape(option['label'])}</option>\n"
        for option in options
    )
    return f'<select name="{_text(widget["name"])}"{_attrs(widget)}>{rows}\n</select>'


def _attrs(widget: dict[str, Any]) -> str:
    return "".join(
        f" {name}" if value is True else f' {name}="{_text(value)}"'
        for name, value in widget["attrs"].items()
        if value is not False
    )


def _text(value: Any) -> str:
    return conditional_escape(str(value) if not hasattr(value, "__html__") else value)
