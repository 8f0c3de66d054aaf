"""From held seats to an order: what was typed is kept, and the order is placed once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.codes import random_token
from bookings.base.errors import Conflict, HoldExpired, NotFound, Refusal
from bookings.base.money import ZERO
from bookings.database.compiled import compiled_update, insert_rows
from bookings.database.transactions import busy_if_locked
from bookings.domain.company.settings import company_settings
from bookings.domain.fares.companions import check_adult
from bookings.domain.fares.luggage import PricedLuggage
from bookings.domain.fares.prices import every_type, lap_types
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import lock_schedules_of_hold, refresh
from bookings.domain.sales.confirmation import confirm_order
from bookings.domain.sales.held_trips import hold_trips, locked_hold, time_of_reading
from bookings.domain.sales.hold_limits import check_pay_later_limits
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.luggage import check_held_luggage, luggage_total, trip_luggage
from bookings.domain.sales.messages import write_message
from bookings.domain.sales.order_lines import fare_lines, insert_order, luggage_lines, post_sale
from bookings.domain.sales.orders import (
    PassengerDetails,
    TicketTerms,
    check_running,
    new_codes,
    new_ticket,
    open_booking,
)
from bookings.domain.sales.promo_codes import (
    NO_DISCOUNT,
    Discount,
    PricedSeat,
    PromoSale,
    quote_discount,
    use_promo_code,
)
from bookings.domain.sales.text_messages import new_contacts
from bookings.domain.timetable.leavings import has_passed
from bookings.domain.timetable.segments import Segment
from bookings.models import (
    Booking,
    Channel,
    Hold,
    HoldTrip,
    Order,
    OutboxMessage,
    Partner,
    PassengerType,
    PromoCode,
    Shift,
    Ticket,
)

Check = Callable[[Hold, list[HoldTrip], datetime], None]
Then = Callable[[Order, datetime], None]


def save_draft(
    token: str,
    *,
    owner: str,
    passengers: Sequence[PassengerDetails],
    email: str,
    phone: str,
    problem: str = "",
) -> None:
    """Keep what was typed at the checkout, complete or not, expired or not.

    With a `problem` it cannot be ordered before it is put right. Raises NotFound for a foreign or unknown
    token, Conflict once the hold is ordered.
    """
    draft: dict[str, Any] = {
        "passengers": [dict(passenger) for passenger in passengers],
        "email": email,
        "phone": phone,
    }
    if problem:
        draft["problem"] = problem
    with busy_if_locked():
        if _keep_draft(token, owner, draft):
            return
    if Hold.objects.filter(token=token, owner=owner).exists():
        raise Conflict(_("These seats are already ordered."))
    raise NotFound(_("We cannot find these seats. They may belong to another browser or visit."))


@compiled_update
def _keep_draft(token: str, owner: str, draft: dict[str, Any]) -> tuple[QuerySet[Hold], dict[str, Any]]:
    """An order that is being placed meanwhile has locked the hold and read its draft: this one comes too
    late for it and changes nothing of it.
    """
    ordered = Exists(Order.objects.filter(hold=OuterRef("pk")))
    return Hold.objects.filter(~ordered, token=token, owner=owner), {"draft": draft}


def draft_problem(draft: Mapping[str, Any], seats: int, *, needs_email: bool = True) -> str:
    """Why the draft cannot be ordered yet; empty if it can."""
    if draft.get("problem"):
        return str(draft["problem"])
    passengers = draft.get("passengers", [])
    if len(passengers) < seats or not all(
        passenger.get("first_name") or passenger.get("surname") for passenger in passengers
    ):
        return _("Please enter the name of every passenger.")
    if needs_email and not draft.get("email"):
        return _("Please enter an e-mail address for the tickets.")
    return ""


def draft_kinds(draft: Mapping[str, Any], kinds: Iterable[PassengerType]) -> list[PassengerType]:
    """Which of these types those have who travel, as far as the draft says."""
    types = {kind.slug: kind for kind in kinds}
    slugs = (passenger.get("passenger_type", "") for passenger in draft.get("passengers", []))
    return [types[slug] for slug in slugs if slug in types]


def check_places(draft: Mapping[str, Any], seats: int) -> None:
    """Raises Refusal unless those with seats come first in the draft and those on laps last."""
    of_lap = lap_types()
    for place, passenger in enumerate(draft.get("passengers", [])):
        if (passenger.get("passenger_type") in of_lap) != (place >= seats):
            raise Refusal(_("There are more or fewer passengers than seats. Please choose your seats again."))


def segment_of(trip: HoldTrip) -> Segment:
    return Segment(trip.schedule, trip.from_stop, trip.to_stop)


def pay_later_until(boards_at: datetime, now: datetime, *, channel: str = Channel.WEB) -> datetime | None:
    """Until when an order placed now could be paid later; None if departure is too near for that. What staff
    reserve at the counter has hours of its own.
    """
    hours, cutoff = company_settings.pay_later_hours, company_settings.pay_later_cutoff_hours
    if channel == Channel.COUNTER:
        hours, cutoff = company_settings.reservation_hours, company_settings.reservation_cutoff_hours
    until = min(now + timedelta(hours=hours), boards_at - timedelta(hours=cutoff))
    return until if until > now else None


@dataclass(frozen=True)
class CheckoutRequest:
    """The hold of this token to be ordered by its owner.

    `shift` is the till that sells it, its clerk the seller; or a `partner` sells it.
    """

    hold: str
    owner: str
    channel: str = Channel.WEB
    pay_later: bool = False
    shift: Shift | None = None
    partner: Partner | None = None


def place_order(
    request: CheckoutRequest,
    *,
    submission: str,
    content: str,
    check: Check | None = None,
    then: Then | None = None,
    now: datetime | None = None,
) -> Order:
    """Turn a hold with its draft into an unpaid order, once per `submission`; its seats stay kept until the
    order's pay-by time.

    `check` may still refuse, once nobody can change the hold any more; `then` belongs to the same
    transaction, when the order is made here and now.

    Raises HoldExpired, Refusal (draft incomplete, too late to pay later), AdultMissing or AlreadySubmitted
    (`content` differs).
    """
    made: list[Order] = []
    order_token = random_token()

    def place() -> str:
        made[:] = [_place(request, order_token, check, then, now)]
        return made[0].token

    written_at = now or timezone.now()  # by our own clock, as only cleaning up asks for it
    result = run_once("checkout", submission, content, action=place, now=written_at, expects=order_token)
    order = made[0] if made else Order.objects.filter(token=result, hold__owner=request.owner).first()
    if order is None:
        raise NotFound(_("We cannot find these seats. They may belong to another browser or visit."))
    return order


def _place(
    request: CheckoutRequest,
    order_token: str,
    check: Check | None,
    then: Then | None,
    now: datetime | None,
) -> Order:
    locked = lock_schedules_of_hold(request.hold)
    hold = locked_hold(request.hold, request.owner)
    if hasattr(hold, "order"):
        return hold.order  # another page of the same checkout was first
    trips = hold_trips(request.hold)
    now = now or time_of_reading(trips)
    if hold.expires_at <= now:
        raise HoldExpired(
            _(
                "The time for these seats has run out. Nothing you entered is lost; "
                "we can try for the same seats again."
            )
        )
    check_running(locked.values())
    if any(has_passed(locked[trip.schedule_id], trip.from_stop) for trip in trips):
        raise Conflict(_("This coach has already left your stop."))
    if check:
        check(hold, trips, now)
    problem = draft_problem(
        hold.draft, len(trips[0].seats.all()), needs_email=request.channel != Channel.COUNTER
    )
    if problem:
        raise Refusal(problem)
    check_places(hold.draft, len(trips[0].seats.all()))
    check_adult(
        draft_kinds(hold.draft, every_type()), is_abroad=any(segment_of(trip).is_abroad for trip in trips)
    )
    discount = discount_of(hold, trips, channel=request.channel, now=now)
    discount.check()
    luggage = [trip_luggage(trip, hold.draft) for trip in trips]
    check_held_luggage(trips, hold.draft, now=now)
    total = sum((fare for trip in trips for fare in trip_fares(trip, hold.draft)), ZERO) - discount.total
    order = _make_order(hold, trips, order_token, request, discount.promo, now)
    insert_order(order, total=total + luggage_total(luggage))
    bookings = [
        _make_booking(order, trip, discount.of_trip(index), of_trip, now)
        for index, (trip, of_trip) in enumerate(zip(trips, luggage, strict=True))
    ]
    if discount.promo:
        use_promo_code(discount.promo, order)
    if order.total == ZERO:
        confirm_order(order, bookings, now=now, shift=request.shift)
    elif request.pay_later:
        write_message(OutboxMessage.Kind.PAY_BY, order, order, now=now)
    if then:
        then(order, now)
    refresh(locked)
    return order


def _make_order(
    hold: Hold,
    trips: Sequence[HoldTrip],
    token: str,
    request: CheckoutRequest,
    promo: PromoCode | None,
    now: datetime,
) -> Order:
    segments = [segment_of(trip) for trip in trips]
    boards_at = min(segment.boards_at for segment in segments)
    if any(
        max(segment.expected_boards_at, segment.closes_at(request.channel)) <= now for segment in segments
    ):
        raise Conflict(_("The departure time at your stop has passed."))
    pay_by = (
        pay_later_until(boards_at, now, channel=request.channel)
        if request.pay_later
        else now + timedelta(minutes=company_settings.payment_minutes)
    )
    if pay_by is None:
        raise Refusal(_("It is too close to departure to pay later. Please pay now."))
    if request.pay_later and request.channel == Channel.WEB:
        check_pay_later_limits(hold, trips, now=now)
        pay_by = min(pay_by, now + timedelta(minutes=company_settings.pay_later_proof_minutes))
    return Order(
        token=token,
        hold=hold,
        email=hold.draft["email"],
        phone=hold.draft.get("phone", ""),
        channel=request.channel,
        pays_later=request.pay_later,
        pay_by=pay_by,
        placed_at=now,
        seller=request.shift.clerk if request.shift else None,
        shift=request.shift,
        partner=request.partner,
        updated_at=now if request.partner else None,
        promo_code=promo,
    )


def trip_fares(trip: HoldTrip, draft: Mapping[str, Any]) -> list[Decimal]:
    """What each seat of a held ride costs for the passenger who is to sit on it, then what those on laps
    cost, by the cheapest seats.

    Adults where nothing was said yet.
    """
    chosen = [passenger.get("passenger_type", "") for passenger in draft.get("passengers", [])]
    fares = []
    for index, held in enumerate(trip.seats.all()):
        slug = chosen[index] if index < len(chosen) else ""
        fares.append(Decimal(held.fares.get(slug) or next(iter(held.fares.values()))))
    for place, slug in enumerate(chosen[len(fares) :]):
        cheapest_first = sorted(Decimal(held.fares.get(slug, 0)) for held in trip.seats.all())
        fares.append(cheapest_first[min(place, len(cheapest_first) - 1)])
    return fares


def discount_of(hold: Hold, trips: Sequence[HoldTrip], *, channel: str, now: datetime) -> Discount:
    """What the promo code that was typed takes off the held seats; no query where none was."""
    if not hold.promo_code:
        return NO_DISCOUNT
    priced = []
    for trip in trips:
        seats, segment = trip.seats.all(), segment_of(trip)
        day, line_id = segment.boards_local.date(), segment.schedule.route.line_id
        priced.append(
            [
                PricedSeat(fare, line_id, seats[min(index, len(seats) - 1)].fare_class_id, day)
                for index, fare in enumerate(trip_fares(trip, hold.draft))
            ]
        )
    sale_day = now.astimezone(segment_of(trips[0]).boards_local.tzinfo).date()
    sale = PromoSale(channel, hold.draft.get("email", ""), sale_day)
    return quote_discount(hold.promo_code, priced, sale)


def _make_booking(
    order: Order,
    trip: HoldTrip,
    discounts: Sequence[Decimal],
    luggage: Sequence[PricedLuggage],
    now: datetime,
) -> Booking:
    seats, fares = trip.seats.all(), trip_fares(trip, order.hold.draft if order.hold else {})
    discounts = discounts or [ZERO] * len(fares)
    reference, spoken_codes = new_codes(trip.schedule_id, len(fares))
    segment = segment_of(trip)
    booking = open_booking(order, segment, reference=reference, now=now)
    types = {kind.slug: kind for kind in every_type()}
    draft: dict[str, Any] = order.hold.draft if order.hold else {}
    tickets = []
    on_laps = [None] * (len(fares) - len(seats))
    places = zip([*seats, *on_laps], fares, discounts, luggage, spoken_codes, strict=True)
    for passenger, place in zip(draft["passengers"], places, strict=True):
        held, full_fare, discount, pieces, spoken = place
        fare = full_fare - discount
        if held is None:
            kind, fare_class = types[passenger["passenger_type"]], seats[0].fare_class
            terms = TicketTerms(
                None, kind, fare_class, fare, Ticket.Place.LAP, discount=discount, luggage=pieces
            )
            tickets.append(new_ticket(booking, passenger, terms, spoken_code=spoken))
            continue
        slug = (
            passenger.get("passenger_type")
            if passenger.get("passenger_type") in held.fares
            else next(iter(held.fares))
        )
        terms = TicketTerms(
            held.seat,
            types[slug],
            held.fare_class,
            fare,
            needs_wheelchair=held.for_wheelchair,
            discount=discount,
            luggage=pieces,
        )
        tickets.append(new_ticket(booking, passenger, terms, spoken_code=spoken))
    insert_rows(tickets)
    if contacts := new_contacts(tickets, draft["passengers"], source=order.channel, now=now):
        insert_rows(contacts)
    claims.transfer_to_tickets(trip, booking, expires_at=order.pay_by or now)
    promo = order.promo_code.code if order.promo_code else ""
    lines = []
    for ticket, pieces in zip(tickets, luggage, strict=True):
        lines += fare_lines(ticket, is_abroad=segment.is_abroad, promo=promo)
        lines += luggage_lines(ticket, pieces, is_abroad=segment.is_abroad)
    post_sale(booking, lines, now=now)
    return booking
