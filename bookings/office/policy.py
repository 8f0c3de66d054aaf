"""Who may open what in the back office.

One line per URL name. A view without a line is refused, and fails the build.
"""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.models import User

Role, APPROVERS = User.Role, User.APPROVERS

EVERYBODY: Final = frozenset(Role)
SELLERS: Final = frozenset({Role.CLERK, Role.SUPERVISOR, Role.MANAGER})
DISPATCH: Final = frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.MANAGER})
BOARDERS: Final = SELLERS | {Role.DISPATCHER}
MANAGERS: Final = frozenset({Role.MANAGER})
PLANNERS: Final = MANAGERS | {Role.DISPATCHER}

POLICY: Final[dict[str, frozenset[str]]] = {
    # Getting in
    "logout": EVERYBODY,
    "account": EVERYBODY,
    "end_sessions": EVERYBODY,
    "end_session": EVERYBODY,
    "second_factor": EVERYBODY,
    "enrol": EVERYBODY,
    "recovery_codes": EVERYBODY,
    "drop_second_factor": EVERYBODY,
    # Staff
    "staff": MANAGERS | {Role.AUDITOR},
    "staff_new": MANAGERS,
    "staff_member": MANAGERS | {Role.AUDITOR},
    "staff_password": MANAGERS,
    "staff_factor": MANAGERS,
    "staff_close": MANAGERS,
    "staff_open": MANAGERS,
    # Dashboard
    "dashboard": EVERYBODY,
    "today_pulse": EVERYBODY,
    "today_timeline": EVERYBODY,
    "today_departures": EVERYBODY,
    "today_coach": EVERYBODY,
    "today_last": SELLERS | {Role.AUDITOR},
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
    # Finding
    "find": EVERYBODY,
    "keys": EVERYBODY,
    # Selling
    "sell": SELLERS,
    "sell_places": SELLERS,
    "reserved": SELLERS,
    "reserved_print": SELLERS,
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
    "change_luggage": SELLERS,
    "change_contact": SELLERS,
    "cancel_booking": SELLERS,
    "void_sale": SELLERS,
    "pay_refund": SELLERS,
    "bank_details": APPROVERS,  # they say where money goes
    "show_bank_details": APPROVERS,
    "owed": APPROVERS | {Role.AUDITOR},  # whose money nobody has asked for tempts
    "receipt": SELLERS,
    "receipt_pdf": SELLERS,
    "tax_invoice": SELLERS | {Role.AUDITOR},
    "tax_invoice_pdf": SELLERS | {Role.AUDITOR},
    "refund_receipt": SELLERS,
    "refund_receipt_pdf": SELLERS,
    "departures": EVERYBODY,
    "departure_seats": EVERYBODY,
    "departure_times": EVERYBODY,
    "skip_stop": DISPATCH,
    "departure_relief": DISPATCH,
    "open_sale": DISPATCH,
    "block_seats": DISPATCH,
    "release_block": DISPATCH,
    # Money at the till
    "shift": SELLERS,
    "open_shift": SELLERS,
    "move_cash": SELLERS,
    "close_shift": SELLERS,
    "shifts": APPROVERS | {Role.AUDITOR},
    "shift_detail": SELLERS | {Role.AUDITOR},
    # What gateways, the card terminal and the bank tell of money
    "reconciliation": MANAGERS | {Role.AUDITOR},
    "reconciliation_day": MANAGERS | {Role.AUDITOR},
    "reconciliation_csv": MANAGERS | {Role.AUDITOR},
    "ledger_export": MANAGERS | {Role.AUDITOR},
    "reconciliation_read": MANAGERS,
    "write_off": MANAGERS,
    "write_off_take_back": MANAGERS,
    "statement_upload": MANAGERS,
    # What the website takes off
    "promo_codes": MANAGERS | {Role.AUDITOR},
    "promo_code_stop": MANAGERS,
    # Vouchers: a clerk gives and replaces them, up to a limit of the day alone
    "vouchers": SELLERS | {Role.AUDITOR},
    "vouchers_csv": APPROVERS | {Role.AUDITOR},
    "voucher_new": SELLERS,
    "voucher": SELLERS | {Role.AUDITOR},
    "breakage": MANAGERS | {Role.AUDITOR},
    "voucher_sell": SELLERS,
    "voucher_return": SELLERS,
    "voucher_receipt": SELLERS,
    "voucher_stop": APPROVERS,  # who replaces a code holds what is left on it
    "voucher_extend": APPROVERS,
    # Partners who sell through the API
    "partners": MANAGERS | {Role.AUDITOR},
    "partner": MANAGERS | {Role.AUDITOR},
    "partner_add": MANAGERS,
    "partner_change": MANAGERS,
    "partner_switch": MANAGERS,
    "partner_payment": MANAGERS,
    "partner_statement": MANAGERS | {Role.AUDITOR},
    "partner_statement_pdf": MANAGERS | {Role.AUDITOR},
    "partner_statement_csv": MANAGERS | {Role.AUDITOR},
    "partner_commission": MANAGERS | {Role.AUDITOR},
    "partner_line_rate": MANAGERS,
    "partner_key_add": MANAGERS,
    "partner_key": MANAGERS,
    "partner_key_revoke": MANAGERS,
    "webhooks": MANAGERS | {Role.AUDITOR},
    "webhook": MANAGERS | {Role.AUDITOR},
    "webhook_switch": MANAGERS,
    "webhook_secret": MANAGERS,
    "webhook_ping": MANAGERS,
    "webhook_again": MANAGERS,
    # Boarding
    "manifest": BOARDERS | {Role.AUDITOR},
    "manifest_csv": BOARDERS | {Role.AUDITOR},
    "board": BOARDERS,
    "board_undo": BOARDERS,
    "board_close": BOARDERS,
    "board_standby": SELLERS,  # it gives money back
    "depart": BOARDERS,
    "arrive": BOARDERS,
    "undo_step": BOARDERS,
    # What goes wrong: who may, of what costs money, does this and nothing else
    "disruptions": EVERYBODY,
    "disruption": EVERYBODY,
    "disruption_evidence": APPROVERS | {Role.DISPATCHER, Role.AUDITOR},  # everybody's names in one file
    "disruption_evidence_document": APPROVERS | {Role.DISPATCHER, Role.AUDITOR},
    "disruption_new": DISPATCH,
    "disruption_passing": DISPATCH,
    "disruption_confirm": DISPATCH,
    "disruption_renew": DISPATCH,
    "disruption_discard": DISPATCH,
    "disruption_close": DISPATCH,
    "disruption_tell": DISPATCH,
    "missed_coach": BOARDERS,  # free of charge for those alone who may open a case
    "disruption_on_board": DISPATCH,  # each look is in the audit
    "disruption_party": DISPATCH,
    # Timetable
    "timetable": PLANNERS | {Role.AUDITOR},
    "timetable_line": PLANNERS | {Role.AUDITOR},
    "timetable_route_new": MANAGERS,
    "timetable_route": PLANNERS | {Role.AUDITOR},
    "timetable_service_new": MANAGERS,
    "timetable_departure_new": PLANNERS,
    "timetable_service": PLANNERS | {Role.AUDITOR},  # a dispatcher changes its single days
    "timetable_departure": PLANNERS | {Role.AUDITOR},
    "price_rules": EVERYBODY,
    "fares_route": MANAGERS | {Role.AUDITOR},
    "timetable_stops": MANAGERS | {Role.AUDITOR},
    "timetable_stop_new": MANAGERS,
    "timetable_stop": MANAGERS | {Role.AUDITOR},
    "timetable_city": MANAGERS | {Role.AUDITOR},
    "draft": PLANNERS | {Role.AUDITOR},
    "draft_publish": PLANNERS,
    "draft_undo": PLANNERS,
    "draft_leave_out": PLANNERS,
    "draft_drop": PLANNERS,
    "draft_choose": MANAGERS,
    "personal_data": MANAGERS,  # everything about somebody on one page
    # Reports: a supervisor's are those of the branch
    "reports": APPROVERS | {Role.AUDITOR},
    "accounts": MANAGERS | {Role.AUDITOR},
    "load_rules": MANAGERS | {Role.AUDITOR},
    "load_rule_stop": MANAGERS,
    "report": APPROVERS | {Role.AUDITOR},
    "report_csv": APPROVERS | {Role.AUDITOR},
    "report_xlsx": APPROVERS | {Role.AUDITOR},
    "audit": MANAGERS | {Role.AUDITOR},  # what everybody did, managers included
    "audit_csv": MANAGERS | {Role.AUDITOR},
    # Fleet: a dispatcher keeps the coaches, a manager draws what they sell
    "fleet": PLANNERS | {Role.AUDITOR},
    "fleet_board": PLANNERS | {Role.AUDITOR},
    "departure_coach": PLANNERS | {Role.AUDITOR},
    "fleet_coach_new": PLANNERS,
    "fleet_coach": PLANNERS | {Role.AUDITOR},
    "fleet_layouts": PLANNERS | {Role.AUDITOR},
    "fleet_layout_new": MANAGERS,
    "fleet_layout_preview": MANAGERS,
    "fleet_layout": PLANNERS | {Role.AUDITOR},
    # Operation
    "settings": MANAGERS | {Role.AUDITOR},
    "setting": MANAGERS | {Role.AUDITOR},
    "reference": MANAGERS | {Role.AUDITOR},
    "database": MANAGERS,
}

# Who may send the form of a page that more people may look at. Without a line: who may open it, but for
# auditors, who only look.
SENDERS: Final[dict[str, frozenset[str]]] = {
    "logout": EVERYBODY,
    "account": EVERYBODY,
    "end_sessions": EVERYBODY,
    "end_session": EVERYBODY,
    "second_factor": EVERYBODY,
    "enrol": EVERYBODY,
    "recovery_codes": EVERYBODY,
    "drop_second_factor": EVERYBODY,
    "departure_times": BOARDERS,
    "timetable_route": MANAGERS,
    "fleet_layout": MANAGERS,
}

# Files that are taken along: who did is kept, with these words
EXPORTS: Final[dict[str, str | Promise]] = {
    "bookings_csv": _("bookings"),
    "bookings_xlsx": _("bookings"),
    "vouchers_csv": _("vouchers"),
    "manifest_csv": _("manifest of a departure"),
    "reconciliation_csv": _("reconciliation"),
    "partner_statement_csv": _("statement of a partner"),
    "partner_statement_pdf": _("statement of a partner"),
    "disruption_evidence": _("evidence of a case"),
    "report_csv": _("report"),
    "report_xlsx": _("report"),
    "audit_csv": _("audit"),
}
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def may(role: str, name: str, method: str = "GET") -> bool:
    """Whether the role may call the page of this URL name by this method."""
    openers = POLICY.get(name, frozenset())
    if method in _READING:
        return role in openers
    return role in openers & SENDERS.get(name, openers - {Role.AUDITOR})
