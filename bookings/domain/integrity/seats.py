"""What must always be true of seat claims. Queries that should find nothing."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from bookings.models import SaleStatus, Schedule, Seat, SeatBlock, SeatClaim, SeatKind, Ticket


def sold_tickets_hold_their_seats(now: datetime) -> Iterator[object]:
    """Each valid ticket of a confirmed booking holds its seat on each of its legs, as sold.

    Nobody else holds anything as sold.
    """
    legs = F("booking__to_stop__position") - F("booking__from_stop__position")
    sold = Count(
        "claims",
        filter=Q(claims__kind="sold", claims__seat=F("seat"), claims__schedule=F("booking__schedule")),
    )
    seated = Ticket.objects.filter(
        booking__status=SaleStatus.CONFIRMED, status__in=Ticket.IN_USE, seat__isnull=False
    ).annotate(legs=legs, sold=sold)
    yield from seated.exclude(sold=F("legs")).values_list("pk", flat=True)
    wrong = SeatClaim.objects.filter(kind="sold").exclude(
        ticket__booking__status=SaleStatus.CONFIRMED, ticket__status__in=Ticket.IN_USE
    )
    yield from wrong.values_list("ticket", flat=True).distinct()


def claims_lie_within_their_segment(now: datetime) -> Iterator[object]:
    of_ticket = Q(leg__lt=F("ticket__booking__from_stop__position")) | Q(
        leg__gte=F("ticket__booking__to_stop__position")
    )
    of_hold = Q(leg__lt=F("hold_trip__from_stop__position")) | Q(leg__gte=F("hold_trip__to_stop__position"))
    of_block = Q(leg__lt=F("block__from_position")) | Q(leg__gte=F("block__to_position"))
    yield from SeatClaim.objects.filter(of_ticket | of_hold | of_block).values_list("pk", flat=True)


def claims_have_a_live_owner(now: datetime) -> Iterator[object]:
    """A claim that blocks belongs to a live hold or an open order, and ends when that ends."""
    live = SeatClaim.objects.live(now).filter(kind="held")
    of_hold = live.filter(hold_trip__isnull=False).exclude(expires_at=F("hold_trip__hold__expires_at"))
    of_order = live.filter(ticket__isnull=False).exclude(
        ticket__booking__status=SaleStatus.PENDING, expires_at=F("ticket__booking__order__pay_by")
    )
    yield from of_hold.values_list("pk", flat=True)
    yield from of_order.values_list("pk", flat=True)


def blocks_hold_their_seats(now: datetime) -> Iterator[object]:
    """A block that stands keeps its seat on all its legs until its release time.

    One that was released keeps nothing.
    """
    legs = F("to_position") - F("from_position")
    own = Q(claims__seat=F("seat"), claims__schedule=F("schedule")) & (
        Q(claims__expires_at=F("release_at")) | Q(claims__expires_at__isnull=True, release_at__isnull=True)
    )
    blocks = SeatBlock.objects.annotate(legs=legs, held=Count("claims", filter=own), all=Count("claims"))
    stands = Q(released_at__isnull=True) & (Q(release_at__isnull=True) | Q(release_at__gt=now))
    yield from blocks.filter(stands).exclude(held=F("legs"), all=F("legs")).values_list("pk", flat=True)
    yield from blocks.filter(released_at__isnull=False, all__gt=0).values_list("pk", flat=True)


def open_orders_have_their_seats(now: datetime) -> Iterator[object]:
    """An order that can still be paid has its seats."""
    legs = F("booking__to_stop__position") - F("booking__from_stop__position")
    open_tickets = Ticket.objects.filter(
        booking__status=SaleStatus.PENDING, booking__order__pay_by__gt=now, status="valid", seat__isnull=False
    )
    yield from (
        open_tickets.annotate(legs=legs, held=Count("claims"))
        .exclude(held=F("legs"))
        .values_list("pk", flat=True)
    )


def available_seats_are_right(now: datetime) -> Iterator[object]:
    """The summary counts a seat as soon as nobody claims it on any leg.

    Expired claims that nobody has dropped still count.
    """
    seats = (
        Seat.objects.filter(layout=OuterRef("layout")).exclude(kind=SeatKind.CREW).order_by().values("layout")
    )
    claimed = SeatClaim.objects.filter(schedule=OuterRef("pk")).order_by().values("schedule")
    rows = Schedule.objects.annotate(
        seats=Coalesce(Subquery(seats.annotate(n=Count("pk")).values("n")), 0),
        claimed=Coalesce(Subquery(claimed.annotate(n=Count("seat", distinct=True)).values("n")), 0),
    )
    yield from rows.exclude(available_seats=F("seats") - F("claimed")).values_list("pk", flat=True)


def seats_belong_to_the_coach(now: datetime) -> Iterator[object]:
    """Nobody sits on a seat of another coach."""
    yield from SeatClaim.objects.exclude(seat__layout=F("schedule__layout")).values_list("pk", flat=True)
