"""A template that was put together shows what Django shows of its pieces."""

import pytest
from django.template import Context, Engine

from bookings.web.template_assembly import assembled

PIECES = {
    "frame.html": (
        "{% load i18n %}{% block title %}Coaches{% block more %}!{% endblock %}{% endblock title %}"
        '{% block body %}<p>nobody</p>{% endblock %}<i>{{ name }}</i>{% include "row.html" %}'
    ),
    "office.html": (
        '{% extends "frame.html" %}{% load l10n %}never shown'
        "{% block title %}Office, {{ block.super }}{% endblock %}"
        '{% block body %}<main>{% block main %}{% endblock %}</main>{% include "row.html" %}{% endblock %}'
    ),
    "row.html": '{% comment %}{% include "row.html" %}{% endcomment %}<b>{{ name }}</b>',
    "named.html": "{% translate 'Kim' as name %}{{ name }}",
    "tree.html": '{{ tree.name }}{% if tree.more %}{% include "tree.html" with tree=tree.more %}{% endif %}',
    "child.html": '{% extends frame %}{% block title %}{% include "row.html" %}{% endblock %}',
}
PAGES = {
    "blocks of a grandparent": (
        '{% extends "office.html" %}{% load l10n %}{% block main %}{{ name|localize }}{% endblock %}'
    ),
    "a block within a block": '{% extends "office.html" %}{% block more %}?{{ block.super }}{% endblock %}',
    "nothing of its own": '{% extends "office.html" %}',
    "no parent": '<ul>{% for name in names %}{% include "row.html" %}{% endfor %}</ul>{{ name }}',
    "an include with values": '{% include "row.html" with name="Bo" %}{{ name }}{% include "row.html" %}',
    "values alone": '{% with other="Bo" %}{% include "row.html" with x=other only %}{% endwith %}',
    "a variable of an include": '{% include "named.html" %}{{ name }}',
    "a variable of a block": (
        '{% extends "frame.html" %}{% block body %}{% translate "Kim" as name %}{{ name }}{% endblock %}'
    ),
    "an include of itself": '{% include "tree.html" %}',
    "a frame chosen late": '{% extends frame %}{% block body %}{% include "row.html" %}{% endblock %}',
    "a parent whose frame is chosen late": '{% extends "child.html" %}{% block body %}x{% endblock %}',
    "an include chosen late": "{% include row %}",
}


def engine(pieces: dict[str, str]) -> Engine:
    libraries = {"i18n": "django.templatetags.i18n", "l10n": "django.templatetags.l10n"}
    loaders = [("django.template.loaders.locmem.Loader", pieces)]
    return Engine(loaders=loaders, libraries=libraries, builtins=["django.templatetags.i18n"])


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_a_page_in_one_piece_shows_the_same(page: str) -> None:
    values = {"name": "<Ann>", "names": ["A", "B"], "frame": "frame.html", "row": "row.html"}
    values |= {"tree": {"name": "oak", "more": {"name": "twig"}}}

    shown = engine(PIECES).from_string(assembled(page, PIECES.get)).render(Context(values))

    assert shown == engine(PIECES).from_string(page).render(Context(values))
    assert shown


@pytest.mark.parametrize("name", ["blocks of a grandparent", "an include with values", "nothing of its own"])
def test_what_is_known_before_is_put_together(name: str) -> None:
    source = assembled(PAGES[name], PIECES.get)

    assert not any(tag in source for tag in ("{% extends", "{% block", '{% include "'))
