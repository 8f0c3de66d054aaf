from django.urls import path

from bookings.office.blocks import BLOCKS
from bookings.office.views import (
    account,
    boarding,
    booking,
    bookings,
    changing,
    dashboard,
    database,
    departures,
    login,
    sell,
    sold,
    tasks,
    till,
    undoing,
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
    # Dashboard
    path("", dashboard.dashboard, name="dashboard"),
    *(path(f"today/{block.slug}/", dashboard.block, {"slug": block.slug}, name=block.name) for block in BLOCKS.values()),
    path("departures/<int:schedule_id>/curve/", dashboard.curve, name="departure_curve"),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/<int:task_id>/done/", tasks.done, name="task_done"),
    # Selling
    path("sell/", sell.sell, name="sell"),
    path("sell/places/", sell.places, name="sell_places"),
    path("sell/sold/<str:token>/", sold.sold, name="sold"),
    path("sell/sold/<str:token>/print/", sold.print_tickets, name="sold_print"),
    path("sell/sold/<str:token>/tickets.pdf", sold.pdf, name="sold_pdf"),
    # Serving
    path("bookings/", bookings.bookings, name="bookings"),
    path("bookings/bookings.csv", bookings.bookings_csv, name="bookings_csv"),
    path("bookings/bookings.xlsx", bookings.bookings_xlsx, name="bookings_xlsx"),
    path("bookings/<slug:reference>/", booking.booking, name="booking"),
    path("bookings/<slug:reference>/note/", booking.note, name="booking_note"),
    path("bookings/<slug:reference>/resend/", booking.resend, name="booking_resend"),
    path("bookings/<slug:reference>/exchange/", changing.exchange, name="exchange"),
    path("bookings/<slug:reference>/tickets/<int:ticket_id>/seat/", changing.change_seat, name="change_seat"),
    path("bookings/<slug:reference>/tickets/<int:ticket_id>/name/", changing.change_name, name="change_name"),
    path("bookings/<slug:reference>/cancel/", undoing.cancel, name="cancel_booking"),
    path("bookings/<slug:reference>/void/", undoing.void, name="void_sale"),
    path("bookings/<slug:reference>/refunds/<int:refund_id>/", undoing.pay_refund, name="pay_refund"),
    path("departures/", departures.departures, name="departures"),
    path("departures/<int:schedule_id>/seats/", departures.departure_seats, name="departure_seats"),
    path("departures/<int:schedule_id>/block/", departures.block_seats, name="block_seats"),
    path("departures/<int:schedule_id>/blocks/<int:block_id>/release/", departures.release, name="release_block"),
    # Money at the till
    path("shift/", till.shift, name="shift"),
    path("shift/open/", till.open_shift, name="open_shift"),
    path("shift/move/", till.move_cash, name="move_cash"),
    path("shift/close/", till.close_shift, name="close_shift"),
    path("shifts/", till.shifts, name="shifts"),
    path("shifts/<int:number>/", till.shift_detail, name="shift_detail"),
    # Boarding
    path("departures/<int:schedule_id>/manifest/", boarding.manifest_page, name="manifest"),
    path("departures/<int:schedule_id>/manifest.csv", boarding.manifest_download, name="manifest_csv"),
    path("departures/<int:schedule_id>/board/", boarding.board, name="board"),
    path("departures/<int:schedule_id>/board/undo/", boarding.undo, name="board_undo"),
    path("departures/<int:schedule_id>/board/close/", boarding.close, name="board_close"),
    path("departures/<int:schedule_id>/depart/", boarding.leave, name="depart"),
    path("departures/<int:schedule_id>/arrive/", boarding.end, name="arrive"),
    # Operation
    path("database/", database.database, name="database"),
]
