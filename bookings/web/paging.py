from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode


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


def filtered_links(page: int, pages: int, filters: Mapping[str, str]) -> list[PageLink]:
    """As `page_links`, to this address with those of its filters that say anything."""
    query = {name: value for name, value in filters.items() if value}
    return page_links(page, pages, lambda number: f"?{urlencode(query | {'page': str(number)})}")
