"""The tasks of the queue: an id in, one call into domain. Each is a name that `queue.enqueue` knows."""

import logging
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from huey import crontab
from huey.contrib.djhuey import on_startup

from bookings import queue
from bookings.base.memory import freeze_loaded
from bookings.domain.disruptions.closures import take_in_departures
from bookings.domain.disruptions.watch import watch_unanswered
from bookings.domain.maintenance.cleanup import clean_old_rows, clean_rate_counts
from bookings.domain.maintenance.heartbeat import beat
from bookings.domain.maintenance.slow_queries import keep_slow_queries
from bookings.domain.messaging import outbox
from bookings.domain.messaging.texts.deliveries import act_on_callbacks as act_on_callbacks_now
from bookings.domain.messaging.texts.sending import send_text_messages as send_text_messages_now
from bookings.domain.messaging.webhooks import delivery
from bookings.domain.partners.monthly_commission import credit_monthly_commission
from bookings.domain.privacy.retention import erase_old_data
from bookings.domain.reconciliation.reconcile import reconcile
from bookings.domain.reports.day_sums import sum_days
from bookings.domain.reports.load_alerts import watch_loads
from bookings.domain.sales import gateway_refunds, notifications, voucher_changes
from bookings.domain.sales.bank_details import remind_of_bank_details
from bookings.domain.sales.breakage import lapse_vouchers
from bookings.domain.sales.earning import earn_fares, earn_old_fares
from bookings.domain.sales.exchange_requests import lapse_requests
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.order_lines import write_missing_lines
from bookings.domain.sales.reminders import queue_pay_reminders, queue_trip_reminders
from bookings.domain.sales.wait_list import end_entries
from bookings.domain.search import feed_publishing
from bookings.domain.tickets.invoices import correct_invoices
from bookings.domain.timetable.generate import generate_departures

logger = logging.getLogger("bookings.tasks")
DAYS_AHEAD: Final = 60


on_startup("freeze")(freeze_loaded)  # once the consumer's workers start


@queue.task
def send_mail_queue() -> None:
    outbox.send_mails()


@queue.task
def send_demo_notifications() -> None:
    outbox.send_demo_notifications()


@queue.task
def send_webhooks() -> None:
    delivery.send_webhooks()


@queue.task
def send_text_messages() -> None:
    send_text_messages_now()


@queue.task
def act_on_callbacks() -> None:
    act_on_callbacks_now()


@queue.task
def act_on_notification(notification_id: int) -> None:
    notifications.act_on_notification(notification_id)


@queue.task
def pay_refund(refund_id: int) -> None:
    gateway_refunds.pay_refund(refund_id)


@queue.task
def publish_feed() -> None:
    feed_publishing.publish_feed()


@queue.periodic_task(crontab(minute="*"))
def sweep_webhooks() -> None:
    """Apart from `sweep`, so that partners who keep us waiting keep no mail waiting."""
    run_each(delivery.send_webhooks)


@queue.periodic_task(crontab(minute="*"))
def sweep_text_messages() -> None:
    """Apart from `sweep`, so that a provider that keeps us waiting keeps no mail waiting."""
    run_each(act_on_callbacks_now, send_text_messages_now)


@queue.periodic_task(crontab(minute="5,35"))
def renew_feed() -> None:
    """A departure that was cancelled or added reaches journey planners within the half hour."""
    run_each(feed_publishing.publish_feed)


@queue.periodic_task(crontab(minute="50"))
def hourly() -> None:
    run_each(watch_loads)


@queue.periodic_task(crontab(minute="*"))
def sweep() -> None:
    """Each minute: whatever is due, whether or not the queue lost its task."""
    run_each(
        lambda: beat("queue"),
        notifications.act_on_waiting,
        notifications.ask_after_attempts,
        expire_unpaid,
        lapse_requests,
        earn_fares,
        write_missing_lines,
        queue_pay_reminders,
        queue_trip_reminders,
        end_entries,
        gateway_refunds.pay_waiting_refunds,
        gateway_refunds.watch_owed_refunds,
        remind_of_bank_details,
        watch_unanswered,
        take_in_departures,
        sum_days,
        keep_slow_queries,
        clean_rate_counts,
        voucher_changes.forget_sent_codes,
        outbox.send_due,  # last, as a mail server may keep it waiting
    )


@queue.task
def reconcile_day(day: str) -> None:
    reconcile([date.fromisoformat(day)])


@queue.task
def reconcile_last_days() -> None:
    reconcile()


@queue.periodic_task(crontab(hour="1", minute="0"))  # in UTC: 03:00 in Johannesburg
def nightly_reconciliation() -> None:
    run_each(reconcile)


@queue.periodic_task(crontab(hour="23", minute="20"))  # in UTC: 01:20 in Johannesburg
def nightly() -> None:
    run_each(
        lambda: generate_departures(days=DAYS_AHEAD),
        earn_old_fares,
        credit_monthly_commission,
        correct_invoices,
        voucher_changes.expire_goodwill,
        lapse_vouchers,
        clean_old_rows,
        erase_old_data,
    )


def run_each(*steps: Callable[[], Any]) -> None:
    for step in steps:
        try:
            step()
        except Exception:  # the edge of the queue: one step that fails must not stop the others
            logger.exception("a step of the queue failed; it will be tried again")
