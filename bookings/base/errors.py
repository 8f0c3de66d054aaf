"""What a rule says when it refuses. The message is written for the customer; the web layer shows it as it is.

A `Refusal` is about what was entered or chosen: a page shows it beside its form, and the form can be sent
again. Any other RuleBroken ends the request: nobody catches it, and the middleware answers with a page of its
own. Programs get problem details of both. Refusals are counted where the answer is made
(`bookings.web.refusals`), so that one that nobody was told counts nothing.
"""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


class RuleBroken(Exception):
    """A request that the rules refuse. `status` is what the web layer answers."""

    status = 422

    @property
    def message(self) -> str:
        return str(self.args[0]) if self.args else ""


class NotFound(RuleBroken):
    """Nothing is at this address, or nothing that this user may know of."""

    status = 404


class Refusal(RuleBroken):
    """What was entered or chosen cannot be done; something else can."""


class Conflict(Refusal):
    """Something changed since the page was shown: somebody else was first, or time ran out."""

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
        text = (
            _("Seat %(seats)s has just been taken.")
            if len(self.labels) == 1
            else _("Seats %(seats)s have just been taken.")
        ) % {"seats": gone}
        if self.nearest:
            text += " " + _("Free nearby: %(seats)s.") % {"seats": ", ".join(self.nearest)}
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
            text = _("No seat is available on this departure between your stops.")
        super().__init__(text)


class PartyMismatch(Refusal):
    """Another number of seats was chosen than there are passengers: nobody is left behind unasked."""

    def __init__(self, seats: int, passengers: int) -> None:
        if seats < passengers:
            text = ngettext(
                "%(number)d seat still to choose. If fewer of you travel, say who does.",
                "%(number)d seats still to choose. If fewer of you travel, say who does.",
                passengers - seats,
            )
        else:
            text = ngettext(
                "%(number)d seat too many is chosen. If more of you travel, say who does.",
                "%(number)d seats too many are chosen. If more of you travel, say who does.",
                seats - passengers,
            )
        super().__init__(text % {"number": abs(passengers - seats)})


class ReferenceTaken(Conflict):
    """A partner has called another order so; `order` is that one's token."""

    def __init__(self, reference: str, order: str) -> None:
        self.order = order
        names = {"reference": reference, "order": order}
        super().__init__(
            _("Your order %(order)s has the reference “%(reference)s” already. Nothing was ordered.") % names
        )


class SalesClosed(Conflict):
    """The departure is no longer sold from this stop."""


class HoldExpired(Conflict):
    """The time for which the seats were held has run out."""


class TooMany(RuleBroken):
    """Too many requests or guesses; `retry_after` in seconds."""

    status = 429

    def __init__(self, message: str, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AlreadySubmitted(RuleBroken):
    """The same form token came back with other content."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            _(
                "This form was already sent with other details. Nothing was changed; "
                "please start again from the current page."
            )
        )
