"""Who may open what in the back office.

One line per URL name. A view without a line is refused, and fails the build.
"""

from typing import Final

from bookings.models import User

Role, APPROVERS = User.Role, User.APPROVERS

EVERYBODY: Final = frozenset(Role)
SELLERS: Final = frozenset({Role.CLERK, Role.SUPERVISOR, Role.MANAGER})
DISPATCH: Final = frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.MANAGER})
BOARDERS: Final = SELLERS | {Role.DISPATCHER}
KEEPERS: Final = frozenset({Role.MANAGER})  # of the accounts of the others

POLICY: Final[dict[str, frozenset[str]]] = {
    # Getting in
    "logout": EVERYBODY,
    "account": EVERYBODY,
    "end_sessions": EVERYBODY,
    "second_factor": EVERYBODY,
    "enrol": EVERYBODY,
    "recovery_codes": EVERYBODY,
    "drop_second_factor": EVERYBODY,
    # Staff
    "staff": KEEPERS | {Role.AUDITOR},
    "staff_new": KEEPERS,
    "staff_member": KEEPERS | {Role.AUDITOR},
    "staff_password": KEEPERS,
    "staff_factor": KEEPERS,
    "staff_close": KEEPERS,
    "staff_open": KEEPERS,
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
    "task_done": APPROVERS,
    # Selling
    "sell": SELLERS,
    "sell_places": SELLERS,
    "sold": SELLERS,
    "sold_print": SELLERS,
    "sold_pdf": SELLERS,
    # Serving
    "bookings": EVERYBODY,
    "bookings_csv": APPROVERS | {Role.AUDITOR},  # everybody's names and numbers in one file
    "bookings_xlsx": APPROVERS | {Role.AUDITOR},
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
    "shifts": APPROVERS | {Role.AUDITOR},
    "shift_detail": SELLERS | {Role.AUDITOR},
    # Partners who sell through the API
    "partners": {Role.MANAGER, Role.AUDITOR},
    "partner": {Role.MANAGER, Role.AUDITOR},
    "partner_add": {Role.MANAGER},
    "partner_change": {Role.MANAGER},
    "partner_switch": {Role.MANAGER},
    "partner_payment": {Role.MANAGER},
    "partner_key_add": {Role.MANAGER},
    "partner_key": {Role.MANAGER},
    "partner_key_revoke": {Role.MANAGER},
    "webhooks": {Role.MANAGER, Role.AUDITOR},
    "webhook": {Role.MANAGER, Role.AUDITOR},
    "webhook_switch": {Role.MANAGER},
    "webhook_secret": {Role.MANAGER},
    "webhook_ping": {Role.MANAGER},
    "webhook_again": {Role.MANAGER},
    # Boarding
    "manifest": BOARDERS | {Role.AUDITOR},
    "manifest_csv": BOARDERS | {Role.AUDITOR},
    "board": BOARDERS,
    "board_undo": BOARDERS,
    "board_close": BOARDERS,
    "board_standby": SELLERS,  # it gives money back
    "depart": BOARDERS,
    "arrive": BOARDERS,
    # Operation
    "database": frozenset({Role.MANAGER}),
}

# Who may send the form of a page that more people may look at. Without a line: who may open it, but for
# auditors, who only look.
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
