from django.template.loader import render_to_string

from bookings.web.fragments import Fragment, Parts

TEMPLATE = "shared/icon.html"


def icon(name: str, *, key: str = "", seconds: int = 60) -> tuple[Fragment, list[str]]:
    """An icon, and how often its name was asked for."""
    asked: list[str] = []

    def read() -> str:
        asked.append(name)
        return name

    return Fragment(TEMPLATE, {"name": read}, key, seconds), asked


def test_a_part_is_made_when_it_is_shown_and_kept_with_its_key() -> None:
    (first, asked), (unseen, never) = icon("down", key="icon:down"), icon("swap", key="icon:swap")
    (again, not_asked), (loose, each_time) = icon("search", key="icon:down"), icon("search")
    drawn = render_to_string(TEMPLATE, {"name": "down"})

    assert Parts(first=first, unseen=unseen)["first"] == drawn
    assert Parts(first=again)["first"] == drawn  # named by its key alone
    assert (
        Parts(loose=loose)["loose"]
        == Parts(loose=loose)["loose"]
        == render_to_string(TEMPLATE, {"name": "search"})
    )
    assert (asked, never, not_asked, each_time) == (["down"], [], [], ["search", "search"])


def test_together_they_stay_true_as_long_as_the_first_that_ends() -> None:
    parts = Parts(
        long=icon("down", key="icon:long", seconds=300)[0],
        short=icon("swap", key="icon:short", seconds=20)[0],
    )

    assert parts["long"]
    assert 298 <= parts.seconds_left() <= 300
    assert parts["short"]
    assert 18 <= parts.seconds_left() <= 20
