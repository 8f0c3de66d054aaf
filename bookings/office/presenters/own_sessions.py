"""The texts of the list of one's own sessions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from bookings.domain.staff.own_sessions import OwnSession
from bookings.domain.timetable.trips import local_text

# The first that is found counts: most browsers name others beside themselves
_BROWSERS: Final = {
    r"Edg(?:e|A|iOS)?/": "Edge",
    r"OPR/|Opera": "Opera",
    r"SamsungBrowser/": "Samsung Internet",
    r"Firefox/|FxiOS/": "Firefox",
    r"Chrome/|CriOS/|Chromium/": "Chrome",
    r"Safari/": "Safari",
}
_DEVICES: Final = {
    r"iPhone": "an iPhone",
    r"iPad": "an iPad",
    r"Android.*Mobile": "an Android phone",
    r"Android": "an Android tablet",
    r"CrOS": "a Chromebook",
    r"Macintosh": "a Mac",
    r"Windows": "a Windows computer",
    r"Linux|X11": "a Linux computer",
}


@dataclass(frozen=True)
class SessionRow:
    id: int
    device: str  # "Firefox on a Windows computer"
    address: str
    signed_in: str
    last_used: str
    is_current: bool


def session_rows(sessions: Iterable[OwnSession]) -> list[SessionRow]:
    return [
        SessionRow(
            own.id,
            device_text(own.agent),
            own.address or _("not known"),
            local_text(own.signed_in_at),
            _("now") if own.is_current else local_text(own.used_at),
            own.is_current,
        )
        for own in sessions
    ]


def device_text(agent: str) -> str:
    """The browser and its device in plain words, from what the browser calls itself."""
    names = {"browser": _first(_BROWSERS, agent), "device": _first(_DEVICES, agent)}
    if names["browser"] and names["device"]:
        return _("%(browser)s on %(device)s") % names
    return names["browser"] or names["device"] or _("a browser that we do not know")


def _first(names: dict[str, str], agent: str) -> str:
    return next((name for pattern, name in names.items() if re.search(pattern, agent)), "")
