"""What the tests in a browser share.

On a busy machine a page comes late: who types, reads or judges waits for a sign of it first.
"""

from typing import Any, Final

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page, expect

SERIOUS: Final = {"serious", "critical"}
_COLOURS: Final = "color-contrast"
SCHEMES: Final = (("light", ()), ("dark", (_COLOURS,)))  # with axe's rules: only colours differ
_EXPECTED: Final = "Failed to load resource"  # a page that answers 404, 409 or 422 is one of ours


def watch(page: Page, expected: str = _EXPECTED) -> list[str]:
    """What goes wrong on the page from now on.

    An error in the console, or a violation of the content policy.
    """
    troubles: list[str] = []
    page.on(
        "console",
        lambda message: (
            troubles.append(message.text)
            if message.type == "error" and expected not in message.text
            else None
        ),
    )
    page.on("pageerror", lambda error: troubles.append(str(error)))
    return troubles


def type_there(page: Page, field: Locator | str, text: str) -> None:
    """By keyboard alone: the page has put the cursor into this field (or the one with this label)."""
    expect(page.get_by_label(field) if isinstance(field, str) else field).to_be_focused()
    page.keyboard.type(text)


SIZES: Final = ((390, 844, 100), (768, 1024, 100), (1280, 900, 100), (390, 844, 200))  # the last: large text
# To judge colours takes longer than all other rules together. By the width of the screen they change only
# between phone and tablet: test_styles.py holds the style sheets to that.
_COLOURS_AT: Final = {(390, 100), (1280, 100)}
_RULE_BY_SIZE: Final = "scrollable-region-focusable"  # the others are the same at any size


def troubles_at_sizes(page: Page) -> dict[str, list[Any]]:
    """What axe finds on a phone, a tablet and a desk, and on a phone with text of twice the size.

    In light and in dark; and where the page is wider than the screen. No size without trouble is named.
    """
    troubles: dict[str, list[Any]] = {}
    for number, (width, height, percent) in enumerate(SIZES):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("size => { document.documentElement.style.fontSize = size }", f"{percent}%")
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        colours = (_COLOURS,) if (width, percent) in _COLOURS_AT else ()
        found: list[Any] = [
            ("light", *each) for each in barriers(page, *((_RULE_BY_SIZE, *colours) if number else ()))
        ]
        if colours:
            page.emulate_media(color_scheme="dark", reduced_motion="reduce")
            found += [("dark", *each) for each in barriers(page, *colours)]
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            found.append(f"{wide} px wide")
        if found:
            troubles[f"{width} px, {percent} %"] = found
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
    return troubles


def barriers(page: Page, *rules: str) -> list[tuple[str, list[str]]]:
    """What axe finds against the page, which the test has seen come.

    The rule and the elements. All rules, or those named.
    """
    page.wait_for_load_state()
    options: dict[str, Any] = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    if not page.evaluate("'axe' in window"):  # to read it takes longer than most looks
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [
        (each["id"], [node["html"][:160] for node in each["nodes"]])
        for each in found
        if each["impact"] in SERIOUS
    ]
