from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.database.replica.routing import may_lag
from bookings.domain.network.places import get_place
from bookings.domain.search.boards import departure_board
from bookings.domain.timetable.coach_status import coach_status
from bookings.passenger.presenters.coach_status import coach_calls, day_of, state_text
from bookings.passenger.presenters.rows import board_rows
from bookings.web.access import public
from bookings.web.fragments import cached_page
from bookings.web.render import VARY, render_page, swaps_only

_SECONDS: Final = 60
_ROWS_OF_SCREEN: Final = 10


@public
@may_lag
@require_safe
def status(request: HttpRequest, schedule_id: str) -> HttpResponse:
    """Where a coach is: the same for everybody who has the address."""
    shown = coach_status(int(schedule_id))

    def make() -> tuple[HttpResponse, int]:
        context = {
            "coach": shown,
            "day": day_of(shown),
            "state": state_text(shown),
            "calls": coach_calls(shown),
        }
        page, fragment = "passenger/coach.html", "passenger/_coach.html"
        return render_page(request, page, context, fragment=fragment, target="coach"), _SECONDS

    key = f"{shown.cache_key}:{swaps_only(request, 'coach')}" if shown.cache_key else ""
    return cached_page(request, make, key=key, vary=VARY)


@public
@may_lag
@require_safe
def screen(request: HttpRequest, place: str) -> HttpResponse:
    """A board for a television at a station: large, and it renews itself."""
    now = timezone.now()
    board = departure_board(get_place(place), now=now, page_size=_ROWS_OF_SCREEN)

    def make() -> tuple[HttpResponse, int]:
        context = {
            "board": board,
            "rows": board_rows(board.rows),
            "page_size": _ROWS_OF_SCREEN,
            "updated": now,
        }
        page, fragment = "passenger/screen.html", "passenger/_board.html"
        return render_page(request, page, context, fragment=fragment, target="board"), _SECONDS

    key = f"screen:{board.cache_key}:{swaps_only(request, 'board')}" if board.cache_key else ""
    return cached_page(request, make, key=key, vary=VARY)
