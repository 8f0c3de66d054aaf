from django.urls import path

from bookings.office.presenters.dashboard_blocks import BLOCKS
from bookings.office.views import (
    account,
    boarding,
    booking,
    bookings,
    dashboard,
    database,
    departures,
    exchange,
    find,
    login,
    partners,
    receipt,
    reference,
    refund,
    sale,
    staff,
    tasks,
    till,
    webhooks,
)

app_name = "office"
urlpatterns = [
    # Getting in
    path("login/", login.login, name="login"),
    path("login/code/", login.code, name="login_code"),
    path("logout/", login.logout, name="logout"),
    path("account/", account.account, name="account"),
    path("account/end-sessions/", account.end_sessions, name="end_sessions"),
    path("account/second-factor/", account.second_factor, name="second_factor"),
    path("account/second-factor/enrol/", account.enrol, name="enrol"),
    path("account/second-factor/recovery-codes/", account.recovery_codes, name="recovery_codes"),
    path("account/second-factor/drop/", account.drop, name="drop_second_factor"),
    # Staff
    path("staff/", staff.members, name="staff"),
    path("staff/new/", staff.new, name="staff_new"),
    path("staff/<int:user_id>/", staff.member, name="staff_member"),
    path("staff/<int:user_id>/password/", staff.act_on_account, {"name": "password"}, name="staff_password"),
    path("staff/<int:user_id>/second-factor/", staff.act_on_account, {"name": "factor"}, name="staff_factor"),
    path("staff/<int:user_id>/close/", staff.act_on_account, {"name": "close"}, name="staff_close"),
    path("staff/<int:user_id>/open/", staff.act_on_account, {"name": "open"}, name="staff_open"),
    # Dashboard
    path("", dashboard.dashboard, name="dashboard"),
    *(
        path(
            f"today/{block.slug}/",
            dashboard.chart if block.may_lag else dashboard.block,
            {"slug": block.slug},
            name=block.name,
        )
        for block in BLOCKS.values()
    ),
    path("departures/<int:schedule_id>/curve/", dashboard.curve, name="departure_curve"),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/<int:task_id>/done/", tasks.done, name="task_done"),
    # Finding
    path("find/", find.find, name="find"),
    path("keys/", find.keys, name="keys"),
    # Selling
    path("sell/", sale.sell, name="sell"),
    path("sell/places/", sale.places, name="sell_places"),
    path("sell/sold/<str:token>/", receipt.sold, name="sold"),
    path("sell/sold/<str:token>/print/", receipt.print_tickets, name="sold_print"),
    path("sell/sold/<str:token>/tickets.pdf", receipt.pdf, name="sold_pdf"),
    # Serving
    path("bookings/", bookings.bookings, name="bookings"),
    path("bookings/bookings.csv", bookings.bookings_csv, name="bookings_csv"),
    path("bookings/bookings.xlsx", bookings.bookings_xlsx, name="bookings_xlsx"),
    path("bookings/<reference:reference>/", booking.booking, name="booking"),
    path("bookings/<reference:reference>/note/", booking.note, name="booking_note"),
    path("bookings/<reference:reference>/resend/", booking.resend, name="booking_resend"),
    path("bookings/<reference:reference>/exchange/", exchange.exchange, name="exchange"),
    path(
        "bookings/<reference:reference>/tickets/<int:ticket_id>/seat/",
        exchange.change_seat,
        name="change_seat",
    ),
    path(
        "bookings/<reference:reference>/tickets/<int:ticket_id>/name/",
        exchange.change_name,
        name="change_name",
    ),
    path("bookings/<reference:reference>/cancel/", refund.cancel, name="cancel_booking"),
    path("bookings/<reference:reference>/void/", refund.void, name="void_sale"),
    path("bookings/<reference:reference>/refunds/<int:refund_id>/", refund.pay_refund, name="pay_refund"),
    path("bookings/<reference:reference>/receipt/", receipt.print_receipt, name="receipt"),
    path("bookings/<reference:reference>/receipt.pdf", receipt.print_receipt_pdf, name="receipt_pdf"),
    path(
        "bookings/<reference:reference>/refunds/<int:refund_id>/receipt/",
        receipt.print_receipt,
        name="refund_receipt",
    ),
    path(
        "bookings/<reference:reference>/refunds/<int:refund_id>/receipt.pdf",
        receipt.print_receipt_pdf,
        name="refund_receipt_pdf",
    ),
    path("departures/", departures.departures, name="departures"),
    path("departures/<int:schedule_id>/seats/", departures.departure_seats, name="departure_seats"),
    path("departures/<int:schedule_id>/block/", departures.block_seats, name="block_seats"),
    path(
        "departures/<int:schedule_id>/blocks/<int:block_id>/release/",
        departures.release,
        name="release_block",
    ),
    # Money at the till
    path("shift/", till.shift, name="shift"),
    path("shift/open/", till.open_shift, name="open_shift"),
    path("shift/move/", till.move_cash, name="move_cash"),
    path("shift/close/", till.close_shift, name="close_shift"),
    path("shifts/", till.shifts, name="shifts"),
    path("shifts/<int:number>/", till.shift_detail, name="shift_detail"),
    # Partners who sell through the API
    path("partners/", partners.partners, name="partners"),
    path("partners/add/", partners.add, name="partner_add"),
    path("partners/<slug:slug>/", partners.partner, name="partner"),
    path("partners/<slug:slug>/change/", partners.change, name="partner_change"),
    path("partners/<slug:slug>/switch/", partners.switch, name="partner_switch"),
    path("partners/<slug:slug>/payment/", partners.receive_payment, name="partner_payment"),
    path("partners/<slug:slug>/keys/", partners.add_key, name="partner_key_add"),
    path("partners/<slug:slug>/keys/<int:key_id>/", partners.key, name="partner_key"),
    path("partners/<slug:slug>/keys/<int:key_id>/revoke/", partners.revoke_key, name="partner_key_revoke"),
    path("partners/<slug:slug>/webhooks/", webhooks.webhooks, name="webhooks"),
    path("partners/<slug:slug>/webhooks/<int:hook_id>/", webhooks.webhook, name="webhook"),
    path("partners/<slug:slug>/webhooks/<int:hook_id>/switch/", webhooks.switch, name="webhook_switch"),
    path("partners/<slug:slug>/webhooks/<int:hook_id>/secret/", webhooks.secret, name="webhook_secret"),
    path("partners/<slug:slug>/webhooks/<int:hook_id>/ping/", webhooks.ping, name="webhook_ping"),
    path(
        "partners/<slug:slug>/webhooks/<int:hook_id>/messages/<int:message_id>/",
        webhooks.again,
        name="webhook_again",
    ),
    # Boarding
    path("departures/<int:schedule_id>/manifest/", boarding.manifest_page, name="manifest"),
    path("departures/<int:schedule_id>/manifest.csv", boarding.manifest_download, name="manifest_csv"),
    path("departures/<int:schedule_id>/board/", boarding.board, name="board"),
    path("departures/<int:schedule_id>/board/undo/", boarding.undo, name="board_undo"),
    path("departures/<int:schedule_id>/board/close/", boarding.close, name="board_close"),
    path("departures/<int:schedule_id>/board/standby/", boarding.standby, name="board_standby"),
    path("departures/<int:schedule_id>/depart/", boarding.leave, name="depart"),
    path("departures/<int:schedule_id>/arrive/", boarding.end, name="arrive"),
    path(
        "departures/<int:schedule_id>/undo/<str:step>/",
        boarding.undo_step,
        name="undo_step",
    ),
    # Operation
    path("reference/", reference.reference, name="reference"),
    path("database/", database.database, name="database"),
]
