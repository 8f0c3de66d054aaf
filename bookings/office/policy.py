"""Who may open what in the back office: one line per URL name. A view without a line is refused, and fails the build."""

from typing import Final

from bookings.models import User

Role = User.Role

EVERYBODY: Final = frozenset(Role)
SELLERS: Final = frozenset({Role.CLERK, Role.SUPERVISOR, Role.MANAGER})
DECIDERS: Final = frozenset({Role.SUPERVISOR, Role.MANAGER})  # who approves what a clerk may not do alone
DISPATCH: Final = frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.MANAGER})
BOARDERS: Final = SELLERS | {Role.DISPATCHER}

POLICY: Final[dict[str, frozenset[str]]] = {
    # Getting in
    "logout": EVERYBODY,
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
}

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def may(role: str, name: str, method: str = "GET") -> bool:
    """Whether the role may call the page of this URL name by this method."""
    openers = POLICY.get(name, frozenset())
    if method in _READING:
        return role in openers
    return role in openers & SENDERS.get(name, openers - {Role.AUDITOR})


# Roles that may give money back or override a rule: these sign in with a second factor.
MONEY_ROLES: Final = frozenset({Role.SUPERVISOR, Role.MANAGER})
