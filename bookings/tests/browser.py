"""What the tests in a browser share.

On a busy machine a page comes late: who types, reads or judges waits for a sign of it first.
"""

from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

SERIOUS: Final = {"serious", "critical"}
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
_RULES_BY_SIZE: Final = (
    "color-contrast",
    "scrollable-region-focusable",
)  # the others are the same at any size


def troubles_at_sizes(page: Page, *rules: str) -> dict[str, list[Any]]:
    """What axe finds on a phone, a tablet and a desk, and on a phone with text of twice the size.

    And where the page is wider than the screen. No size without trouble is named.
    """
    troubles: dict[str, list[Any]] = {}
    rules_here = rules
    for width, height, percent in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("size => { document.documentElement.style.fontSize = size }", f"{percent}%")
        found: list[Any] = [*barriers(page, *rules_here)]
        rules_here = rules or _RULES_BY_SIZE
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
    options: dict[str, Any] = {"runOnly": list(rules)} if rules else {}
    found = Axe().run(page, options=options).response["violations"]
    return [
        (each["id"], [node["html"][:160] for node in each["nodes"]])
        for each in found
        if each["impact"] in SERIOUS
    ]
