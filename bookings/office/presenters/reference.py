"""The tables of Django's admin that a user may open, in two groups: to change, and to look at."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils.text import capfirst
from django.utils.translation import gettext as _


class TableLink(NamedTuple):
    address: str
    label: str


class TableGroup(NamedTuple):
    title: str
    hint: str
    links: tuple[TableLink, ...]


def table_groups(apps: Iterable[dict[str, Any]]) -> list[TableGroup]:
    """`apps`: as the admin lists them for the user. A group without a table is left out."""
    tables = [table for app in apps for table in app["models"] if table.get("admin_url")]
    groups = [
        TableGroup(
            _("To change"),
            _("Cities, stops and their other names, coaches, branches, fares: what sales are made of."),
            _links(tables, may_change=True),
        ),
        TableGroup(
            _("To look at"),
            _("Records as they are kept, for support. What happens to them happens in the office."),
            _links(tables, may_change=False),
        ),
    ]
    return [group for group in groups if group.links]


def _links(tables: list[dict[str, Any]], *, may_change: bool) -> tuple[TableLink, ...]:
    return tuple(
        TableLink(table["admin_url"], capfirst(str(table["name"])))
        for table in tables
        if bool(table["perms"].get("change")) == may_change
    )
