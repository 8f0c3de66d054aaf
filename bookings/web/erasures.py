"""What erasing the personal data of orders would do, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain.privacy.erasure import ErasureReview, Obstacle

_OBSTACLES: Final[dict[Obstacle, str | Promise]] = {
    Obstacle.TRIP: gettext_lazy("Your trip is not over yet."),
    Obstacle.UNPAID: gettext_lazy("It is not paid yet. It can be erased once it has expired."),
    Obstacle.MONEY: gettext_lazy("Money is still owed. It can be erased once that is settled."),
    Obstacle.VOUCHER: gettext_lazy("There is money left on its voucher."),
    Obstacle.TASK: gettext_lazy("We are still looking into something about it."),
}


class ErasureRow(NamedTuple):
    references: str
    obstacle: str  # empty: it can be erased
    keeps: str


def erasure_rows(reviews: Sequence[ErasureReview]) -> list[ErasureRow]:
    exempt = _("The names on its tax invoice stay for %(years)d years: the law demands it.")
    return [
        ErasureRow(
            ", ".join(review.references),
            str(_OBSTACLES[review.obstacle]) if review.obstacle else "",
            exempt % {"years": settings.INVOICE_YEARS} if review.has_invoice else "",
        )
        for review in reviews
    ]
