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
    "dashboard": EVERYBODY,
}

# Roles that may give money back or override a rule: these sign in with a second factor.
MONEY_ROLES: Final = frozenset({Role.SUPERVISOR, Role.MANAGER})
