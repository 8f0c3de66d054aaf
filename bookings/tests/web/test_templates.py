import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Engine

from bookings.web.templates import TAG, with_static_addresses, without_layout, without_translation

LIST = """
{% load i18n %}
<ul
  class="people"
  title="{% translate 'Who travels' %}"
  {% if is_long %}data-long{% endif %}
>
  {% for name in names %}
    <li>
      {{ name }}{% if name == "Kim" %}, child{% endif %}
      <b>1A</b>
    </li>
  {% empty %}
    <li>nobody</li>
  {% endfor %}
</ul>
"""


def render(source: str, **context: object) -> str:
    return (
        Engine(libraries={"i18n": "django.templatetags.i18n"})
        .from_string(without_layout(source))
        .render(Context(context))
    )


@pytest.mark.parametrize(
    ("names", "items"),
    [
        (["Kim", "Ann"], "<li>\nKim, child\n<b>1A</b>\n</li>\n<li>\nAnn\n<b>1A</b>\n</li>\n"),
        ([], "<li>nobody</li>\n"),
    ],
)
def test_the_layout_of_a_template_is_not_sent(names: list[str], items: str) -> None:
    page = render(LIST, names=names, is_long=True)

    assert page == f'\n<ul class="people" title="Who travels" data-long>\n{items}</ul>\n'


def test_a_blank_that_a_page_shows_stays() -> None:
    source = "<p>\n  {{ a }}\n  {% if b %}\n    {{ b }}\n  {% endif %}\n  {{ c }}</p>"

    assert render(source, a="one", b="two", c="three").split() == ["<p>", "one", "two", "three</p>"]
    assert render(source, a="one", c="three").split() == ["<p>", "one", "three</p>"]


def test_a_comparison_within_a_tag_stays_whole() -> None:
    source = '<li\n  class="step"\n  {% if at > 1 %}data-done{% endif %}\n>'

    assert render(source, at=2) == '<li class="step" data-done>'
    assert render(source, at=1) == '<li class="step" >'


TEMPLATES = [path for path in Path(settings.BASE_DIR, "templates").rglob("*") if path.is_file()]
_CONDITION = re.compile(r"{% *(?:if|for)\b")
_TEMPLATE_TAG = re.compile(r"{%.*?%}|{{.*?}}", re.S)
_ATTRIBUTE = re.compile(r"""(?:^|\s)[\w:-]+=["']""")
_COMMENT = re.compile(r"{% comment %}.*?{% endcomment %}", re.S)


def test_no_line_of_a_template_is_longer_than_120() -> None:
    assert TEMPLATES
    too_long = [
        f"{path.name}:{number}"
        for path in TEMPLATES
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if len(line) > 120
    ]

    assert too_long == []


TAGS = [
    (path.name, tag[0])
    for path in TEMPLATES
    if path.suffix == ".html"
    for tag in TAG.finditer(_COMMENT.sub("", path.read_text()))
]


def test_no_tag_holds_a_condition() -> None:
    """What a page shows is decided by its view or presenter."""
    assert [(name, tag[:80]) for name, tag in TAGS if _CONDITION.search(tag)] == []


def test_a_tag_of_several_lines_has_an_attribute_a_line() -> None:
    crowded = [
        (name, line.strip())
        for name, tag in TAGS
        if "\n" in tag
        for line in _TEMPLATE_TAG.sub("", tag).splitlines()
        if len(_ATTRIBUTE.findall(line)) > 1
    ]

    assert crowded == []


def test_a_table_that_may_be_scrolled_is_reached_by_the_keyboard() -> None:
    """What scrolls sideways takes the focus, and says what it is."""
    wraps = [(name, tag) for name, tag in TAGS if "table-wrap" in tag]

    assert wraps
    assert [name for name, tag in wraps if 'tabindex="0"' not in tag or "aria-label" not in tag] == []


TEXTS = """{% load i18n %}<p title="{% translate 'It is 5% less' %}">{% translate "Ann's seat" %} 5%</p>
{% blocktranslate trimmed %}
  Of {{ name }},
  50% paid.
{% endblocktranslate %}
{% blocktranslate with seat=seats.0|upper name=missing %}<b>{{ seat }}</b>{{ name }}.{% endblocktranslate %}
{% blocktranslate count number=seats|length with seat=seats.0 %}
  Seat {{ seat }}
{% plural %}
  {{ number }} seats
{% endblocktranslate %}"""


@pytest.mark.parametrize("seats", [["1a"], ["1a", "<i>"]])
def test_texts_of_a_single_language_stand_where_they_were_looked_up(seats: list[str]) -> None:
    ready = without_translation(TEXTS)

    assert render(ready, name="<Ann>", seats=seats) == render(TEXTS, name="<Ann>", seats=seats)
    assert "{% translate" not in ready
    assert ready.count("{% blocktranslate") == 1


def test_no_template_asks_for_more_than_can_be_put_in_place() -> None:
    """What is left asks by a number, or for a variable."""
    for path in Path(settings.BASE_DIR, "templates").rglob("*.*"):
        rest = without_translation(path.read_text())
        for tag in re.findall(r"{% (?:block)?translate [^%]*%}", rest):
            assert any(word in tag for word in (" count ", " as ", " asvar ")), (path, tag)


def test_addresses_of_static_files_stand_where_they_were_asked_for() -> None:
    source = """{% load static %}<link href="{% static 'css/a&b.css' %}"><img src="{% static name %}">"""

    assert with_static_addresses(source) == (
        """{% load static %}<link href="/static/css/a%26b.css"><img src="{% static name %}">"""
    )
