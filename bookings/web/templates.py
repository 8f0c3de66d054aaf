"""The loader of the templates in templates/: their layout is for whoever edits them and is not sent with each
page, a site of one language looks no text up, addresses of static files stand in place, and a page is one
piece with its parents and includes.

With its layout a manifest of 50 passengers is 33 KB instead of 18 KB. A page has thirty texts or more.
"""

import re
from typing import Final

from django.conf import settings
from django.template import Origin, TemplateDoesNotExist
from django.template.loaders import filesystem
from django.templatetags.static import static
from django.utils.html import escape
from django.utils.translation import trim_whitespace

from bookings.web.template_assembly import assembled

TAG: Final = re.compile(
    r"""<[a-zA-Z](?:{%.*?%}|{{.*?}}|"(?:{%.*?%}|[^"])*"|'(?:{%.*?%}|[^'])*'|[^<>"'{])*>""", re.S
)
_LINE_BREAK: Final = re.compile(r"\s*\n\s*")
_INDENT: Final = re.compile(r"^[ \t]+", re.M)
_CONTROL_LINE: Final = re.compile(
    r"^((?:{% *(?:load|extends|block|endblock|if|elif|else|endif|for|empty|endfor|with|endwith"
    r"|comment|endcomment|regroup|cache|endcache|localize|endlocalize|get_current_language)\b[^%]*%})+)\n",
    re.M,
)
_TEXT: Final = re.compile(r"""{% translate (?:"([^"]*)"|'([^']*)') %}""")
_TEXT_WITH_VALUES: Final = re.compile(
    r"{% blocktranslate(?P<trimmed> trimmed)?"
    r"(?: with (?P<values>(?:(?! (?:and|count|asvar|context) |%}).)+))? %}"
    r"(?P<text>(?:(?!{%).)*){% endblocktranslate %}",
    re.S,
)

_STATIC: Final = re.compile(r"""{% static (?:"([^"]*)"|'([^']*)') %}""")
FRAMES: Final = ("base.html", "office/base.html")


def without_layout(source: str) -> str:
    """Each tag on one line, no indentation, no line break after a line of control tags.

    Where a page shows a blank, one stays.
    """
    source = TAG.sub(_on_one_line, source)
    return _CONTROL_LINE.sub(r"\1", _INDENT.sub("", source))


def _on_one_line(tag: re.Match[str]) -> str:
    return _LINE_BREAK.sub(" ", tag[0][:-1]).rstrip() + ">"


def without_translation(source: str) -> str:
    """The texts themselves instead of the tags that look them up, but for those of a number."""
    source = _TEXT.sub(lambda tag: tag[1] or tag[2] or "", source)
    return _TEXT_WITH_VALUES.sub(_untranslated, source)


def _untranslated(block: re.Match[str]) -> str:
    text = trim_whitespace(block["text"]) if block["trimmed"] else block["text"]
    return f"{{% with {block['values']} %}}{text}{{% endwith %}}" if block["values"] else text


def with_static_addresses(source: str) -> str:
    """They are the same as long as the process lives, and a page has eight."""
    return _STATIC.sub(lambda tag: escape(static(tag[1] or tag[2])), source)


class Loader(filesystem.Loader):
    """Text mails keep their layout: it is what they look like."""

    def get_contents(self, origin: Origin) -> str:
        source = self._contents(origin)
        # An error page chooses its frame when it is made, and fills its blocks then.
        return source if origin.template_name in FRAMES else assembled(source, self._read)

    def _contents(self, origin: Origin) -> str:
        source = super().get_contents(origin)
        if origin.name.endswith(".html"):
            source = with_static_addresses(without_layout(source))
        return source if settings.USE_I18N else without_translation(source)

    def _read(self, name: str) -> str | None:
        for origin in self.get_template_sources(name):
            try:
                return self._contents(origin)
            except TemplateDoesNotExist:
                continue
        return None
