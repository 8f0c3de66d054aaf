"""Every page of the office as a manager opens it, one after the other.

Nothing for axe to find, and nothing wider than the screen.
"""

from typing import Final

import pytest
from playwright.sync_api import Page

from bookings.models import User
from bookings.tests.browser import barriers
from bookings.tests.make import make_user
from bookings.tests.office.everything import make_everything
from bookings.tests.office.test_browser import PASSWORD, sign_in, watched  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# What is no page of its own: it takes a form, or gives a file or a piece of a page.
NO_PAGE: Final = {
    *(
        "logout",
        "end_sessions",
        "end_session",
        "enrol",
        "recovery_codes",
        "drop_second_factor",
        "task_done",
        "sell_places",
        "sold_pdf",
        "receipt_pdf",
        "refund_receipt_pdf",
        "tax_invoice_pdf",
    ),
    *(
        "bookings_csv",
        "partner_statement_pdf",
        "partner_statement_csv",
        "bookings_xlsx",
        "booking_note",
        "booking_resend",
        "show_bank_details",
        "block_seats",
        "release_block",
        "open_shift",
        "move_cash",
    ),
    *(
        "partner_add",
        "partner_change",
        "partner_payment",
        "partner_line_rate",
        "partner_key_add",
        "webhook_switch",
        "webhook_secret",
        "webhook_ping",
        "webhook_again",
    ),
    *("manifest_csv", "board_undo", "undo_step", "reconciliation_csv", "reconciliation_read"),
    *("load_rule_stop", "report_csv", "report_xlsx", "audit_csv"),
    *("draft_publish", "draft_undo", "draft_leave_out", "draft_drop", "draft_choose"),
    *("open_sale", "disruption_confirm", "disruption_renew", "disruption_discard", "disruption_close"),
    "disruption_on_board",
    "disruption_tell",
    "disruption_evidence",
    "fleet_layout_preview",
    "disruption_evidence_document",
    *("promo_code_stop", "vouchers_csv", "voucher_stop", "voucher_extend", "skip_stop"),
    "write_off_take_back",
}
WIDE: Final = {"width": 1280, "height": 720}
PHONE: Final = {"width": 390, "height": 844}
ONE_ROW: Final = 64  # pixels: what the bar of the office takes at most where there is room


@pytest.mark.parametrize("half", [0, 1])
def test_every_page_reads_well_and_fits(watched: Page, live_server: object, half: int) -> None:  # noqa: F811
    page = watched
    manager = make_user(username="manager", role=User.Role.MANAGER, password=PASSWORD)
    sign_in(page, f"{live_server}/office/login/", "manager")
    page.wait_for_url(f"{live_server}/office/")
    addresses = [
        path
        for name, path in make_everything(manager).items()
        if name not in NO_PAGE and not name.startswith("today_")
    ]

    wrong = []
    for path in addresses[half::2]:
        page.set_viewport_size(WIDE)
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        answer = page.goto(f"{live_server}{path}")
        if answer is None or answer.status != 200:
            wrong.append((path, answer and answer.status))
            continue
        if (bar := page.evaluate("document.querySelector('.office-bar')?.offsetHeight || 0")) > ONE_ROW:
            wrong.append((path, f"the bar is {bar} px high"))
        wrong += [(path, "light", fault) for fault in _faults(page)]
        page.set_viewport_size(PHONE)
        page.emulate_media(color_scheme="dark")
        wrong += [(path, "dark", fault) for fault in _faults(page, "color-contrast")]  # only colours differ
    assert wrong == []


def _faults(page: Page, *rules: str) -> list[str]:
    faults = [f"{rule}: {elements[0]}" for rule, elements in barriers(page, *rules)]
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return [*faults, f"{wide} px too wide"] if wide > 0 else faults
