"""What a rule says when it refuses. The message is written for the customer; the web layer shows it as it is."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from bookings.base.metrics import REFUSALS


class RuleBroken(Exception):
    """A request that the rules refuse. `status` is what the web layer answers."""

    status = 422

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        REFUSALS.labels(type(self).__name__).inc()  # here, as each door answers in its own way

    @property
    def message(self) -> str:
        return str(self.args[0]) if self.args else ""


class NotFound(RuleBroken):
    status = 404


class Conflict(RuleBroken):
    """The world moved on since the page was shown: somebody else was first, or time ran out."""

    status = 409


class Busy(Conflict):
    """A lock was not to be had in time; nothing was changed."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _("We are very busy just now. Nothing was changed – please try again."))


class SeatTaken(Conflict):
    """`labels` are gone; `nearest` are free seats of the same kind close to them (may be empty)."""

    def __init__(self, labels: Sequence[str], nearest: Sequence[str] = ()) -> None:
        self.labels, self.nearest = list(labels), list(nearest)
        gone = ", ".join(self.labels)
        text = (_("Seat %(seats)s has just been taken.") if len(self.labels) == 1 else _("Seats %(seats)s have just been taken.")) % {
            "seats": gone
        }
        if self.nearest:
            text += " " + _("Free near by: %(seats)s.") % {"seats": ", ".join(self.nearest)}
        super().__init__(text)


class SoldOut(Conflict):
    """Fewer seats are free on the segment than were asked for."""

    def __init__(self, free: int) -> None:
        self.free = free
        if free:
            text = (
                _("Only %(free)d seats are still free on this departure.")
                if free > 1
                else _("Only 1 seat is still free on this departure.")
            )
            text = text % {"free": free} if free > 1 else text
        else:
            text = _("This departure is sold out between your stops.")
        super().__init__(text)


class SalesClosed(Conflict):
    pass


class HoldExpired(Conflict):
    pass


class TooMany(RuleBroken):
    """A limit against hoarding or guessing; `retry_after` in seconds."""

    status = 429

    def __init__(self, message: str, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AlreadySubmitted(Conflict):
    """The same form token came back with other content."""

    def __init__(self) -> None:
        super().__init__(_("This page was already sent with other details. Nothing was changed; please start again from the current page."))
