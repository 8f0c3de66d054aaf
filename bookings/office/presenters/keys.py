"""The keys of the office in words, by where they work."""

from collections.abc import Iterable
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from bookings.office.frame import NavLink


class Key(NamedTuple):
    strokes: tuple[str, ...]  # pressed one after the other, or together
    effect: str | Promise


class KeyGroup(NamedTuple):
    title: str
    keys: tuple[Key, ...]


def key_groups(links: Iterable[NavLink]) -> list[KeyGroup]:
    """`links`: those of the menu that the reader has."""
    menu = tuple(Key(("Alt", link.key.upper()), link.label) for link in links if link.key)
    return [
        KeyGroup(
            _("Everywhere"),
            (
                Key(("Ctrl", "K"), _("find: reference, code, name, telephone, e-mail, slip, 17:00 cpt")),
                Key(("?",), _("these keys")),
                Key(("Alt", "Q"), _("sign out")),
            ),
        ),
        KeyGroup(_("Menu"), menu),
        KeyGroup(
            _("Lists"),
            (
                Key(("↓", "↑"), _("from the search to the hits, and from hit to hit")),
                Key(("Enter",), _("open; in the search, open the only hit")),
                Key(("Alt", "J"), _("previous page or day")),
                Key(("Alt", "L"), _("next page or day")),
            ),
        ),
        KeyGroup(
            _("Booking"),
            (
                Key(("Alt", "E"), _("exchange")),
                Key(("Alt", "X"), _("cancel")),
                Key(("Alt", "V"), _("void the sale")),
                Key(("Alt", "P"), _("print")),
                Key(("Alt", "M"), _("send the mail again")),
                Key(("Alt", "N"), _("note")),
            ),
        ),
        KeyGroup(
            _("Sale"),
            (
                Key(("Enter",), _("next field that is needed; the last one goes on")),
                Key(("Esc",), _("a step back; nothing typed is lost")),
                Key(("F2", "F3", "F4"), _("cash, card, EFT")),
                Key(("V",), _("voucher, while the amount is typed")),
                Key(("F8",), _("payment for an unpaid booking")),
                Key(("F9",), _("new sale")),
            ),
        ),
        KeyGroup(
            _("Day and till"),
            (
                Key(("+", "−"), _("in a day: later, earlier")),
                Key(("t", "+2", "fri", "2512"), _("days as one may type them")),
                Key(("Alt", "C"), _("count the till")),
                Key(("Ctrl", "Enter"), _("send the count")),
            ),
        ),
    ]
