"""One of each thing that the office shows, and the address of every URL name of the office for it."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone

from bookings.domain.disruptions.cases import confirm_case
from bookings.domain.partners.webhooks import add_webhook, ping
from bookings.domain.reconciliation.write_offs import WriteOffRequest, write_off
from bookings.domain.reports.load_alerts import LoadAlert, add_load_rule
from bookings.domain.sales.bank_details import ask_for_bank_details
from bookings.domain.sales.blocks import BlockRequest, block_seats
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.tickets.invoices import Recipient, request_invoice
from bookings.domain.timetable.drafts.editing import Edit, save_edit
from bookings.domain.timetable.drafts.published import service_sheet
from bookings.domain.timetable.drafts.sheets import DepartureSheet
from bookings.models import (
    Booking,
    Company,
    Disruption,
    DraftChange,
    Invoice,
    OutboxMessage,
    Refund,
    Route,
    Service,
    StaffTask,
    TimetableDraft,
    User,
    Webhook,
)
from bookings.office.policy import POLICY
from bookings.tests.domain.boarding.door import make_coach, sell, stand_by
from bookings.tests.domain.disruptions.cancelled_coach import draft
from bookings.tests.domain.timetable.test_generate import make_service
from bookings.tests.make import (
    make_api_key,
    make_booking,
    make_bus,
    make_company,
    make_layout,
    make_partner,
    make_promo_code,
    make_schedule,
    make_shift,
    make_statement_line,
    make_user,
    make_voucher,
)
from bookings.tests.office.test_access import address, patterns


def make_everything(user: User) -> dict[str, str]:
    """Address by URL name, for each line of the policy.

    `user` has the open shift. A new kind of thing has to be added here.
    """
    now = timezone.now()
    coach = make_coach(departs=now + timedelta(minutes=20), seats=8)
    shift = make_shift(user)
    booking, gone = sell(coach, now=now), sell(coach, "Ann Abel", now=now - timedelta(hours=1))
    stand_by(coach, now=now)
    cancel_booking(
        CancellationRequest(gone.booking_reference),
        submission="gone",
        content="",
        now=now - timedelta(hours=1),
    )
    refund = Refund.objects.create(
        order=gone.order, booking=gone, cause="cancel:again", amount=Decimal(10), created_at=now
    )
    task = StaffTask.objects.create(
        kind="refund_due", order=gone.order, subject=f"refund:{refund.pk}", detail="R10", created_at=now
    )
    (block,) = block_seats(BlockRequest(coach.pk, ["2D"], "broken"))
    partner = make_partner(now=now)
    hook = add_webhook(
        partner, url="https://hooks.travelhub.example/falcon", events=Webhook.Event.values, now=now
    )
    ping(hook, now=now)
    Company.objects.filter(pk=1).exists() or make_company()
    request_invoice(booking.order_id, Recipient(), submission="invoice", now=now)
    statement = make_statement_line("card", 600, at=now, day=now.date(), external_id="T1 1234")
    written_off = write_off(
        WriteOffRequest("card", statement.day, "", Decimal(5), "fee that no line tells of"),
        actor=user,
        submission="write-off",
        now=now,
    )
    case, carried_out, disrupted = _make_cases(now)
    names = {
        "case_id": case.pk,
        "schedule_id": coach.pk,
        "reference": booking.booking_reference,
        "ticket_id": booking.tickets.get().pk,
        "refund_id": refund.pk,
        "block_id": block.pk,
        "task_id": task.pk,
        "number": shift.pk,
        "token": booking.order.token,
        "user_id": make_user(role=User.Role.CLERK).pk,
        "slug": partner.slug,
        "promo_id": make_promo_code().pk,
        "voucher_id": make_voucher(now=now, kind="sold")[0].pk,
        "key_id": make_api_key(partner, now=now).key.pk,
        "hook_id": hook.pk,
        "step": "arrival",
        "name": "void_approval_over",
        "row": str(coach.route_id),
        "invoice_id": Invoice.objects.get().pk,
        "rule_id": add_load_rule(LoadAlert(True, 80, 3, 127), actor=user).pk,
        "session_id": 1,
        "gateway": "card",
        "write_off_id": written_off.pk,
        "day": statement.day.isoformat(),
        "stop_id": coach.route.calls.all()[0].stop_id,
        "city_id": coach.route.origin_id,
        "line_id": coach.route.line_id,
        "layout_id": coach.layout_id,
        "coach_id": make_bus(layout=coach.layout).pk,
        "draft_id": _make_draft(coach.route, user).pk,
        "message_id": OutboxMessage.objects.get(webhook=hook).pk,
    }
    found = {
        pattern.name: address(pattern, {name: names[name] for name in pattern.pattern.regex.groupindex})
        for pattern in patterns()
    }
    reserved = make_booking(schedule=coach, status="pending", now=now)
    for name in ("reserved", "reserved_print"):
        found[name] = reverse(f"office:{name}", args=[reserved.booking_reference])
    ask_for_bank_details(refund, now=now)
    details = ("bank_details", "show_bank_details")
    for name in ("pay_refund", "refund_receipt", "refund_receipt_pdf", *details):
        found[name] = reverse(f"office:{name}", args=[gone.booking_reference, refund.pk])
    of_case = [carried_out.pk, disrupted.booking_reference]
    found["disruption_party"] = reverse("office:disruption_party", args=of_case)
    found["timetable_service"] = reverse("office:timetable_service", args=[Service.objects.latest("pk").pk])
    for name in ("report", "report_csv", "report_xlsx"):
        found[name] = reverse(f"office:{name}", args=["sales"])
    extra = DraftChange.objects.get(kind="departure").subject.partition(":")[2]
    found["timetable_departure"] = reverse("office:timetable_departure", args=[extra])
    return {name: found[name] for name in POLICY}


def _make_cases(now: datetime) -> tuple[Disruption, Disruption, Booking]:
    """A draft, one that is carried out, and a booking of that one."""
    cases, bookings = [], []
    for number in range(2):
        schedule = make_schedule(departs=now + timedelta(hours=3))
        bookings.append(make_booking(schedule=schedule, names=("Ann Abel",), now=now))
        cases.append(draft(schedule, now=now, text=f"case {number}"))
    done = confirm_case(cases[1].pk, version=1, actor=cases[1].created_by, submission="confirm", now=now)
    return cases[0], done, bookings[1]


def _make_draft(route: Route, user: User) -> TimetableDraft:
    """With a service that is changed and an extra departure."""
    service = make_service(route=route)
    base = service_sheet(service, since=timezone.localdate() + timedelta(days=1))
    edit = Edit("service", f"service:{service.pk}", replace(base, departs_min=540), base=base)
    draft = save_edit(None, edit, actor=user).draft
    layout, day = make_layout().pk, timezone.localdate() + timedelta(days=3)
    extra = DepartureSheet(str(route.pk), day, 600, layout, Decimal(500))
    return save_edit(draft, Edit("departure", "", extra), actor=user).draft
