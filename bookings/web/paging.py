from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class PageLink:
    """A page's number and address; number 0 stands for a gap."""

    number: int
    address: str = ""
    is_current: bool = False


def page_links(page: int, pages: int, address: Callable[[int], str]) -> list[PageLink]:
    """The first and the last page, the current one and its neighbours, with gaps between.

    Nothing for a single page.
    """
    if pages < 2:
        return []
    shown = sorted({1, pages, *range(max(1, page - 1), min(pages, page + 1) + 1)})
    links: list[PageLink] = []
    for number in shown:
        if links and number > links[-1].number + 1:
            links.append(PageLink(0))
        links.append(PageLink(number, address(number), number == page))
    return links
