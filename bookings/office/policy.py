"""Who may open what in the back office: one line per URL name. A view without a line is refused, and fails the build."""

from typing import Final

from bookings.domain.counter.approval import DECIDERS
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
    "today_pulse": EVERYBODY,
    "today_departures": EVERYBODY,
    "today_alerts": EVERYBODY,
    "today_outlook": EVERYBODY,
    "today_load": EVERYBODY,
    "today_orders": SELLERS | {Role.AUDITOR},
    "today_mails": SELLERS | {Role.AUDITOR},
    "today_tills": SELLERS | {Role.AUDITOR},
    "today_sales": SELLERS | {Role.AUDITOR},
    "today_tasks": SELLERS | {Role.AUDITOR},
    "departure_curve": EVERYBODY,
    "tasks": SELLERS | {Role.AUDITOR},
    "task_done": DECIDERS,
    # Selling
    "sell": SELLERS,
    "sell_places": SELLERS,
    "sold": SELLERS,
    "sold_print": SELLERS,
    "sold_pdf": SELLERS,
    # Serving
    "bookings": EVERYBODY,
    "bookings_csv": DECIDERS | {Role.AUDITOR},  # everybody's names and numbers in one file
    "bookings_xlsx": DECIDERS | {Role.AUDITOR},
    "booking": EVERYBODY,
    "booking_note": BOARDERS,
    "booking_resend": BOARDERS,
    "exchange": SELLERS,
    "change_seat": BOARDERS,
    "change_name": SELLERS,
    "cancel_booking": SELLERS,
    "void_sale": SELLERS,
    "pay_refund": SELLERS,
    "departures": EVERYBODY,
    "departure_seats": EVERYBODY,
    "block_seats": DISPATCH,
    "release_block": DISPATCH,
    # Money at the till
    "shift": SELLERS,
    "open_shift": SELLERS,
    "move_cash": SELLERS,
    "close_shift": SELLERS,
    "shifts": DECIDERS | {Role.AUDITOR},
    "shift_detail": SELLERS | {Role.AUDITOR},
    # Boarding
    "manifest": BOARDERS | {Role.AUDITOR},
    "manifest_csv": BOARDERS | {Role.AUDITOR},
    "board": BOARDERS,
    "board_undo": BOARDERS,
    "board_close": BOARDERS,
    "depart": BOARDERS,
    "arrive": BOARDERS,
    # Operation
    "database": frozenset({Role.MANAGER}),
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
