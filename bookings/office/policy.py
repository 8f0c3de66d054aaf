"""Who may open what in the back office: one line per URL name. A view without a line is refused, and fails the build."""

from typing import Final

from bookings.domain.counter.approval import DECIDERS  # noqa: F401  who approves what a clerk may not do alone
from bookings.domain.counter.second_factor import MONEY_ROLES  # noqa: F401  who signs in with a second factor
from bookings.models import User

Role = User.Role

EVERYBODY: Final = frozenset(Role)
SELLERS: Final = frozenset({Role.CLERK, Role.SUPERVISOR, Role.MANAGER})
DISPATCH: Final = frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.MANAGER})
BOARDERS: Final = SELLERS | {Role.DISPATCHER}

POLICY: Final[dict[str, frozenset[str]]] = {
    # Getting in
    "logout": EVERYBODY,
    "account": EVERYBODY,
    "end_sessions": EVERYBODY,
    "second_factor": EVERYBODY,
    "enrol": EVERYBODY,
    "recovery_codes": EVERYBODY,
    "drop_second_factor": EVERYBODY,
    # Dashboard
    "dashboard": EVERYBODY,
    # Selling
    # Serving
    # Money at the till
    # Boarding
}

# Who may send the form of a page that more people may look at. Without a line: who may open it, but for auditors, who only look.
SENDERS: Final[dict[str, frozenset[str]]] = {
    "logout": EVERYBODY,
    "account": EVERYBODY,
    "end_sessions": EVERYBODY,
    "second_factor": EVERYBODY,
    "enrol": EVERYBODY,
    "recovery_codes": EVERYBODY,
    "drop_second_factor": EVERYBODY,
}

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def may(role: str, name: str, method: str = "GET") -> bool:
    """Whether the role may call the page of this URL name by this method."""
    openers = POLICY.get(name, frozenset())
    if method in _READING:
        return role in openers
    return role in openers & SENDERS.get(name, openers - {Role.AUDITOR})
