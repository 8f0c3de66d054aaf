"""What a company needs before anything can be sold, made where there is none of it yet.

A search shows only what a fare class sells to a passenger type, so that an import into an empty database
would fill it with departures that nobody finds.
"""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _

from bookings.models import FareClass, PassengerType, RefundPolicy, RefundTier, Seat, SeatKind

_TIERS: Final = ((48, 25), (24, 50), (2, 75))  # hours before departure, percent that is kept
_TYPES: Final = (  # slug, discount in percent
    ("adult", 0),
    ("child", 50),
    ("infant", 100),  # on a lap
)


def make_missing_terms() -> list[str]:
    """Passenger types and a fare class with its refund terms, if there are none. The answer says what was
    made.
    """
    notes = []
    if not PassengerType.objects.exists():
        _make_types()
        notes.append(
            _(
                "There were no passenger types: adults, children at half price and infants on laps without "
                "charge were added. Edit them in the admin."
            )
        )
    if not FareClass.objects.exists():
        _make_class()
        notes.append(
            _("There was no fare class: “Standard” with its refund terms was added. Edit them in the admin.")
        )
    return notes


def _make_types() -> None:
    names = {
        "adult": (_("Adult"), _("Adults"), ""),
        "child": (_("Child"), _("Children"), _("3 to 11 years")),
        "infant": (_("Infant on a lap"), _("Infants on laps"), _("under 3 years")),
    }
    PassengerType.objects.bulk_create(
        PassengerType(
            slug=slug,
            name=names[slug][0],
            name_plural=names[slug][1],
            ages=names[slug][2],
            discount_percent=discount,
            is_default=position == 0,
            position=position,
            is_adult=slug == "adult",
            youngest_age=3 if slug == "child" else 0,
            travels_on_lap=slug == "infant",
        )
        for position, (slug, discount) in enumerate(_TYPES)
    )


def _make_class() -> None:
    """One class for every kind of seat that there is, so that none is left without a price."""
    policy = RefundPolicy.objects.filter(code="standard").first()
    if policy is None:
        policy = RefundPolicy.objects.create(code="standard", name=_("Standard"))
        RefundTier.objects.bulk_create(
            RefundTier(policy=policy, hours_before=hours, fee_percent=percent) for hours, percent in _TIERS
        )
    kinds = set(Seat.objects.order_by().values_list("kind", flat=True).distinct())
    kinds |= {SeatKind.STANDARD.value, SeatKind.ACCESSIBLE.value}
    FareClass.objects.create(
        code="standard",
        name=_("Standard"),
        seat_kinds=sorted(kinds - {SeatKind.CREW.value}),
        refund_policy=policy,
    )
