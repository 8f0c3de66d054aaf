"""The company's rules: minutes, limits, and sums over which a second person signs.

Most are defaults of what a manager sets in the office: domain/company/settings.py.
"""

from decimal import Decimal

from falcon_web.settings.environment import IS_DEMO, env

COMPANY_NAME = env.str("COMPANY_NAME", "") or "Falcon Bus Lines"  # until a manager has entered the company
COMPANY_NAME_SECONDS = env.float("COMPANY_NAME_SECONDS", 60)  # how old it may be on a page; 0: never read
HOLD_MINUTES = env.float("HOLD_MINUTES", 10)
HOLD_MINUTES_COUNTER = env.float("HOLD_MINUTES_COUNTER", 5)
HOLD_MINUTES_API = env.float("HOLD_MINUTES_API", 20)  # a partner's program may have to ask somebody first
PAYMENT_MINUTES = env.float("PAYMENT_MINUTES", 20)
PENDING_MINUTES = env.float("PENDING_MINUTES", 120)  # that seats are kept while a bank decides
PAY_LATER_HOURS = env.float("PAY_LATER_HOURS", 24)
PAY_LATER_CUTOFF_HOURS = env.float("PAY_LATER_CUTOFF_HOURS", 3)
# What a stranger pays later: until when the mailbox must have answered, and the most seats unpaid: of a coach
# by all of them together, and by one address, telephone or network
PAY_LATER_PROOF_MINUTES = env.float("PAY_LATER_PROOF_MINUTES", 30)
PAY_LATER_COACH_SHARE = env.float("PAY_LATER_COACH_SHARE", 0.25)
PAY_LATER_MOST_SEATS = env.int("PAY_LATER_MOST_SEATS", 9)
# Seats that staff keep for somebody who pays later, and at most so much of a coach in all
RESERVATION_HOURS = env.float("RESERVATION_HOURS", 24)
RESERVATION_CUTOFF_HOURS = env.float("RESERVATION_CUTOFF_HOURS", 1)
RESERVATION_COACH_SHARE = env.float("RESERVATION_COACH_SHARE", 0.5)
WHEELCHAIR_RELEASE_HOURS = env.float("WHEELCHAIR_RELEASE_HOURS", 12)  # before boarding; then for all
# How long seats that came free are kept for a party on the wait list; the second within six hours of boarding
WAIT_LIST_MINUTES = env.int("WAIT_LIST_MINUTES", 30)
WAIT_LIST_MINUTES_SOON = env.int("WAIT_LIST_MINUTES_SOON", 10)
COMPANY_SETTINGS_SECONDS = env.float("COMPANY_SETTINGS_SECONDS", 5)  # how old those may be where no reference
# data is read; 0: what managers entered is not read
SALES_CLOSE_MINUTES = env.float("SALES_CLOSE_MINUTES", 15)  # on the website and for partners
# A late coach at the counter, until it is known to have left
COUNTER_SELLS_LATE_MINUTES = env.float("COUNTER_SELLS_LATE_MINUTES", 120)
# Before departure from the stop. The demo opens its doors half a day ahead, so that they can be tried at any
# hour.
BOARDING_OPENS_MINUTES = env.float("BOARDING_OPENS_MINUTES", 720 if IS_DEMO else 30)
BOARDING_CLOSES_MINUTES = env.float("BOARDING_CLOSES_MINUTES", 10)
EXTRA_LUGGAGE_PIECES = env.int("EXTRA_LUGGAGE_PIECES", 20)  # on each leg, where a layout says nothing else
HOLD_MAX_SEATS = env.int("HOLD_MAX_SEATS", 9)
HOLD_NETWORK_SHARE = float(
    env.str("HOLD_NETWORK_SHARE", "0.4") or 0
)  # of a coach in unpaid web holds; 0 or empty: no limit
FARE_FLOOR_ZAR = env.int("FARE_FLOOR_ZAR", 60)
# What the dashboard warns of: the fullest leg in percent of the seats, and minutes over the time without
# having been sent off
ALERT_FULL_PERCENT = env.int("ALERT_FULL_PERCENT", 85)
ALERT_LOW_PERCENT = env.int("ALERT_LOW_PERCENT", 20)
COACH_TURN_MINUTES = env.int("COACH_TURN_MINUTES", 45)  # that a coach needs between two departures
ALERT_LATE_MINUTES = env.int("ALERT_LATE_MINUTES", 10)
SHIFT_DIFFERENCE_LIMIT = Decimal(
    env.str("SHIFT_DIFFERENCE_LIMIT", "50")
)  # rand by tender; beyond it a cash-up needs a second person
# Days after which slips of a tender whose settlement or bank list nobody has uploaded are a task
STATEMENT_FILE_DAYS = env.int("STATEMENT_FILE_DAYS", 4)
REFUND_DAYS = env.int("REFUND_DAYS", 10)  # by when a customer is promised that a refund has arrived
# For which bank details wait that are entered after the contact of the booking was changed
BANK_DETAILS_COOLING_HOURS = env.float("BANK_DETAILS_COOLING_HOURS", 72)
BANK_DETAILS_DAYS = env.float("BANK_DETAILS_DAYS", 7)  # after which a person asks for them
# Rand over which a clerk needs a second person: cash back of one sale, a void, pay-outs of a day
CASH_REFUND_APPROVAL_OVER = Decimal(env.str("CASH_REFUND_APPROVAL_OVER", "500"))
# ... and cash back and voids of one clerk in all, within a day
CASH_REFUNDS_OF_DAY_APPROVAL_OVER = Decimal(env.str("CASH_REFUNDS_OF_DAY_APPROVAL_OVER", "2000"))
VOID_APPROVAL_OVER = Decimal(env.str("VOID_APPROVAL_OVER", "500"))
PAY_OUT_APPROVAL_OVER = Decimal(env.str("PAY_OUT_APPROVAL_OVER", "200"))
WRITE_OFF_APPROVAL_OVER = Decimal(env.str("WRITE_OFF_APPROVAL_OVER", "100"))  # of one person on a day
PARTNER_PAYMENT_APPROVAL_OVER = Decimal(env.str("PARTNER_PAYMENT_APPROVAL_OVER", "10000"))
# Vouchers: years that one lives which was paid for (CPA s63: 3 at least), months of one given in goodwill
# unless said, days that one has left at least when a refund goes back on it, and rand of goodwill by which a
# clerk needs a second person, of a day and in all
VOUCHER_YEARS = max(env.int("VOUCHER_YEARS", 3), 3)
GOODWILL_MONTHS = env.int("GOODWILL_MONTHS", 12)
VOUCHER_RESTORED_DAYS = env.int("VOUCHER_RESTORED_DAYS", 90)
# Rand for which one can be bought, days in which an unused one can be given back, and days after its last one
# by which what is left of one that was paid for counts as revenue by itself; 0: a manager posts it
VOUCHER_LEAST = Decimal(env.str("VOUCHER_LEAST", "50"))
VOUCHER_MOST = Decimal(env.str("VOUCHER_MOST", "5000"))
VOUCHER_RETURN_DAYS = env.int("VOUCHER_RETURN_DAYS", 7)
VOUCHER_BREAKAGE_DAYS = env.int("VOUCHER_BREAKAGE_DAYS", 0)
GOODWILL_APPROVAL_OVER = Decimal(env.str("GOODWILL_APPROVAL_OVER", "500"))
GOODWILL_MOST = Decimal(env.str("GOODWILL_MOST", "5000"))
MISSED_COACH_FEE = Decimal(env.str("MISSED_COACH_FEE", "150"))  # rand, of each who stands by on a later one
# Of a disruption: refunds in rand, or people, over which a second person confirms it
DISRUPTION_APPROVAL_OVER = Decimal(env.str("DISRUPTION_APPROVAL_OVER", "5000"))
DISRUPTION_APPROVAL_PEOPLE_OVER = env.int("DISRUPTION_APPROVAL_PEOPLE_OVER", 10)
CANCELLATIONS_A_DAY = env.int("CANCELLATIONS_A_DAY", 5)  # of one clerk; one more makes a staff task
CASH_ROUNDING = Decimal(env.str("CASH_ROUNDING", "0.10") or 0)  # the smallest coin; 0 or empty: to the cent
# The company's chart of accounts, where it is another than in domain/reconciliation/account_map.py:
# account=code or account:gateway=code, and the tax rate that its journals name
LEDGER_ACCOUNT_CODES = env.dict("LEDGER_ACCOUNT_CODES", default={})
LEDGER_TAX_RATE = env.str("LEDGER_TAX_RATE", "No VAT")
# The tax code of what is sold: exempt, zero or standard. What is not named follows its fare. Ask an adviser
# before these are changed, and about fares across a border, fees and vouchers before they are relied on.
TAX_CODES: dict[str, str] = {
    "fare": "exempt",  # passengers and their effects by road: VAT Act s12(g)
    "fare_abroad": "zero",  # s11(2)(a)
    "voucher_sale": "exempt",  # taxed, if at all, when it is used
}
VAT_RATE = Decimal(env.str("VAT_RATE", "15"))  # percent, in the price of what is standard-rated
# Rand: a total up to the first has no tax invoice, over the second it has to name the recipient
TAX_INVOICE_OVER = Decimal(env.str("TAX_INVOICE_OVER", "50"))
FULL_TAX_INVOICE_OVER = Decimal(env.str("FULL_TAX_INVOICE_OVER", "5000"))
# What is known of people: months after their last trip that it is kept with an order, and after which what
# gateways sent is; years that the recipient of a tax invoice is (VAT Act s55: 5), and days that sign-ins are
PERSONAL_DATA_MONTHS = env.int("PERSONAL_DATA_MONTHS", 24)
NOTIFICATION_MONTHS = env.int("NOTIFICATION_MONTHS", 13)
INVOICE_YEARS = max(env.int("INVOICE_YEARS", 5), 5)
SECURITY_LOG_DAYS = env.int("SECURITY_LOG_DAYS", 30)
