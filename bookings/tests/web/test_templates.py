import pytest
from django.template import Context, Engine

from bookings.web.templates import without_layout

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
