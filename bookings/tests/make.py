"""Rows for tests: keyword-only, every argument optional, no surprises."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Final

from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from bookings.base.codes import new_ticket_code, normal_code, random_code, random_token
from bookings.base.emails import plain_email
from bookings.base.encryption import decrypt
from bookings.base.names import plain_first_name, plain_name, plain_surname, plain_surname_end
from bookings.domain.fares.refund_rules import RefundTerms
from bookings.domain.partners.api_keys import KeyTerms, NewKey, make_key
from bookings.domain.partners.partners import add_partner
from bookings.domain.sales.approvals import Approval
from bookings.domain.sales.order_lines import Cause, LineChange, fare_lines, write_lines
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.domain.sales.voucher_sales import VoucherOrder, place_voucher_order
from bookings.domain.sales.vouchers import NewVoucher, add_movement, write_voucher
from bookings.models import (
    Account,
    Booking,
    BookingEvent,
    BookingStep,
    Branch,
    Bus,
    City,
    Company,
    FareClass,
    LedgerEntry,
    Line,
    LuggageRule,
    LuggageSpace,
    Order,
    Partner,
    PassengerType,
    Payment,
    PaymentAttempt,
    PlaceName,
    Posting,
    PromoCode,
    RefundPolicy,
    RefundTier,
    Route,
    RouteStop,
    SaleStatus,
    Schedule,
    Seat,
    SeatClaim,
    SeatKind,
    SeatLayout,
    Shift,
    StatementLine,
    Stop,
    Ticket,
    User,
    Voucher,
    VoucherMovement,
)

NOW: Final = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)  # 10:00 in Johannesburg, a Tuesday
_numbers = count(1)


def make_company(**fields: Any) -> Company:
    """One with all that papers show; registered for VAT."""
    values = {
        "trading_name": "Falcon Bus Lines",
        "legal_name": "Falcon Bus Lines (Pty) Ltd",
        "registration_number": "2019/123456/07",
        "vat_number": "4123456789",
        "address": "12 Rissik Street\nJohannesburg\n2001",
        "phone": "010 123 4567",
        "emergency_phone": "010 123 4568",
        "email": "help@falconbus.example",
        "terms_in_short": "Be at the stop in time.\nKeep this receipt.",
    }
    return Company.objects.create(**values | fields)


def make_city(name: str = "Johannesburg", *, slug: str = "", country: str = "ZA") -> City:
    slug = slug or name.lower().replace(" ", "-")
    city = City.objects.filter(slug=slug).first()
    return city or City.objects.create(slug=slug, name=name, country=country)


def make_stop(
    city: City | str = "Johannesburg",
    *,
    code: str = "",
    name: str = "",
    time_zone: str = "Africa/Johannesburg",
    **place: Decimal,
) -> Stop:
    """`place`: its latitude and longitude; on no map unless said."""
    city = city if isinstance(city, City) else make_city(city)
    code = code or f"{city.slug}-main"
    if stop := Stop.objects.filter(code=code).select_related("city").first():
        return stop
    fields = {"city": city, "name": name or f"{city.name} station", "time_zone": time_zone} | place
    return Stop.objects.create(code=code, **fields)


PLACE_OF_STOPS: dict[str, Any] = {}  # latitude and longitude of stops that a route makes, where a test asks


def _make_main_stops(*names: str) -> list[Stop]:
    """As `make_stop` makes one for each of these cities, in four queries: every other test wants a route."""
    slugs = {name: name.lower().replace(" ", "-") for name in names}
    codes = {name: f"{slug}-main" for name, slug in slugs.items()}
    stops = {stop.code: stop for stop in Stop.objects.filter(code__in=codes.values()).select_related("city")}
    missing = [name for name in slugs if codes[name] not in stops]
    if missing:
        cities = {city.slug: city for city in City.objects.filter(slug__in=[slugs[name] for name in missing])}
        new = [
            City(slug=slugs[name], name=name, plain_name=plain_name(name), country="ZA")
            for name in missing
            if slugs[name] not in cities
        ]
        cities |= {city.slug: city for city in City.objects.bulk_create(new)}
        made = [
            Stop(
                code=codes[name],
                city=city,
                name=f"{city.name} station",
                plain_name=plain_name(f"{city.name} station"),
                time_zone="Africa/Johannesburg",
                **PLACE_OF_STOPS,
            )
            for name in missing
            if (city := cities[slugs[name]])
        ]
        stops |= {stop.code: stop for stop in Stop.objects.bulk_create(made)}
    return [stops[codes[name]] for name in names]


def make_place_name(
    place: City | Stop, name: str, *, kind: str = PlaceName.Kind.FORMER, attested_by: str = ""
) -> PlaceName:
    owner = {"city": place} if isinstance(place, City) else {"stop": place}
    return PlaceName.objects.create(**owner, name=name, kind=kind, attested_by=attested_by)


def make_fare_classes() -> tuple[FareClass, FareClass]:
    """Standard at face price and premium at 1.35; 48 h: 25 %, 12 h: 50 %, later no refund."""
    known = {row.code: row for row in FareClass.objects.filter(code__in=["standard", "premium"])}
    if len(known) == 2:
        return known["standard"], known["premium"]
    policy = RefundPolicy.objects.filter(code="standard").first()
    if not policy:
        policy = RefundPolicy.objects.create(code="standard", name="Standard")
        RefundTier.objects.bulk_create(
            RefundTier(policy=policy, hours_before=hours, fee_percent=percent)
            for hours, percent in ((48, 25), (12, 50))
        )
    rows = {
        "standard": {"name": "Standard", "seat_kinds": ["standard", "accessible"], "position": 0},
        "premium": {
            "name": "Premium",
            "seat_kinds": ["premium"],
            "price_factor": Decimal("1.35"),
            "position": 1,
        },
    }
    standard, premium = (
        known.get(code) or FareClass.objects.create(code=code, refund_policy=policy, **row)
        for code, row in rows.items()
    )
    return standard, premium


def make_passenger_types() -> dict[str, PassengerType]:
    rows = [
        ("adult", "Adult", "Adults", 0, True),
        ("child", "Child", "Children", 50, False),
        ("student", "Student", "Students", 10, False),
    ]
    known = {row.slug: row for row in PassengerType.objects.all()}
    missing = [
        PassengerType(
            slug=slug,
            name=name,
            name_plural=plural,
            discount_percent=discount,
            is_default=default,
            position=position,
        )
        for position, (slug, name, plural, discount, default) in enumerate(rows)
        if slug not in known
    ]
    return known | {row.slug: row for row in PassengerType.objects.bulk_create(missing)}


def make_layout(*, seats: int = 8, premium: int = 0, crew: int = 0, code: str = "") -> SeatLayout:
    """Rows of 2+2 (columns 1, 2, 4, 5), labelled 1A 1B 1C 1D.

    The first `premium` seats are premium, the last `crew` are crew.
    """
    layout = SeatLayout.objects.create(
        code=code or f"layout-{next(_numbers)}", name=f"{seats} seats", amenities=["aircon", "toilet"]
    )
    rows = []
    for number in range(seats):
        row, place = divmod(number, 4)
        kind = (
            SeatKind.PREMIUM
            if number < premium
            else SeatKind.CREW
            if number >= seats - crew
            else SeatKind.STANDARD
        )
        rows.append(
            Seat(
                layout=layout,
                label=f"{row + 1}{'ABCD'[place]}",
                row=row + 1,
                column=(1, 2, 4, 5)[place],
                kind=kind,
                is_window=place in (0, 3),
            )
        )
    Seat.objects.bulk_create(rows)
    return layout


def make_bus(*, layout: SeatLayout | None = None, number: str = "", **fields: Any) -> Bus:
    number = number or f"F{next(_numbers)}"
    layout = layout or make_layout()
    return Bus.objects.create(bus_number=number, registration=f"FB {number} GP", layout=layout, **fields)


def make_route(*cities: str, minutes_apart: int = 120, km_apart: int = 150, stand: int = 0) -> Route:
    """A route over the main stops of these cities (Johannesburg, Bloemfontein, Cape Town unless said)."""
    stops = _make_main_stops(*(cities or ("Johannesburg", "Bloemfontein", "Cape Town")))
    number = next(_numbers)
    legs = len(stops) - 1
    route = Route.objects.create(
        line=Line.objects.create(code=f"L{number}", name=f"Line {number}"),
        name=f"{stops[0].city.name} – {stops[-1].city.name}",
        origin=stops[0].city,
        destination=stops[-1].city,
        distance_km=km_apart * legs,
        duration_hours=Decimal(minutes_apart * legs) / 60,
    )
    RouteStop.objects.bulk_create(
        RouteStop(
            route=route,
            position=position,
            stop=stop,
            arrive_min=position * minutes_apart,
            depart_min=position * minutes_apart + (stand if 0 < position < legs else 0),
            km=position * km_apart,
            may_board=position < legs,
            may_alight=position > 0,
        )
        for position, stop in enumerate(stops)
    )
    return route


def make_schedule(
    *,
    route: Route | None = None,
    layout: SeatLayout | None = None,
    departs: datetime | None = None,
    price: int | str = 600,
    seats: int = 8,
    coach: int = 1,
    status: str = Schedule.Status.ON_SALE,
) -> Schedule:
    """A departure three days after NOW unless said; fare classes and passenger types are made too."""
    make_fare_classes()
    make_passenger_types()
    layout = layout or make_layout(seats=seats)
    return Schedule.objects.create(
        route=route or make_route(),
        layout=layout,
        departure_time=departs or NOW + timedelta(days=3),
        price_zar=Decimal(price),
        coach=coach,
        status=status,
        available_seats=layout.seats.exclude(kind=SeatKind.CREW).count(),
    )


def make_order(
    *,
    status: str = SaleStatus.CONFIRMED,
    total: int | str = 0,
    email: str = "thandi@example.com",
    pays_later: bool = False,
    pay_by: datetime | None = None,
    placed_at: datetime = NOW,
) -> Order:
    """An order without bookings; `make_booking` makes its own and adds what it sells."""
    return Order.objects.create(
        token=random_token(),
        email=email,
        phone="+27821234567",
        status=status,
        total=Decimal(total),
        pays_later=pays_later,
        pay_by=pay_by or placed_at + timedelta(minutes=20),
        placed_at=placed_at,
    )


def make_booking(
    *,
    schedule: Schedule | None = None,
    order: Order | None = None,
    names: tuple[str, ...] = ("Thandi Nkosi",),
    status: str = SaleStatus.CONFIRMED,
    email: str = "thandi@example.com",
    fare: int | str = 600,
    first: int = 0,
    last: int = -1,
    paid_by: str = "demo",
    is_online: bool = False,
    now: datetime = NOW,
) -> Booking:
    """A pending or confirmed (and then paid) booking of one free seat for each name, from call `first` to
    call `last` of the route.

    `is_online`: the payment has its attempt, so that money goes back by itself.
    """
    schedule = schedule or make_schedule()
    calls = list(schedule.route.calls.order_by("position"))
    board, alight = calls[first], calls[last]
    order = order or make_order(status=status, email=email, placed_at=now)
    booking = Booking.objects.create(
        order=order,
        booking_reference=random_code(8),
        status=status,
        passenger_email=plain_email(order.email),
        booking_date=now,
        schedule=schedule,
        from_stop=board,
        to_stop=alight,
        boards_at=schedule.departure_time + timedelta(minutes=board.depart_min),
        alights_at=schedule.departure_time + timedelta(minutes=alight.arrive_min),
    )
    taken = SeatClaim.objects.filter(
        schedule=schedule, leg__gte=board.position, leg__lt=alight.position
    ).values("seat")
    seats = schedule.layout.seats.exclude(kind=SeatKind.CREW).exclude(pk__in=taken)[: len(names)]
    for name, seat in zip(names, seats, strict=True):
        _make_ticket(booking, name, seat, Decimal(fare), range(board.position, alight.position))
    sold = Decimal(fare) * len(names)
    BookingEvent.objects.record(BookingStep(booking, "", status, at=now))
    sell_tickets(booking, now=now)
    order.refresh_from_db()
    if status == SaleStatus.CONFIRMED and sold:
        _make_payment(order, sold, paid_by, is_online=is_online, now=now)
    free = (
        schedule.layout.seats.exclude(kind=SeatKind.CREW)
        .exclude(pk__in=schedule.claims.values("seat"))
        .count()
    )
    Schedule.objects.filter(pk=schedule.pk).update(available_seats=free)
    return booking


def make_statement_line(
    gateway: str, gross: Decimal | int, *, kind: str = "payment", fee: Decimal | int = 0, **facts: Any
) -> StatementLine:
    """A line that a gateway, the card terminal or the bank tells of, in rand; nothing is posted."""
    defaults = {"line_id": random_token(), "at": NOW, "day": NOW.date(), "noted_at": NOW}
    return StatementLine.objects.create(
        gateway=gateway, kind=kind, gross=gross, fee=fee, **(defaults | facts)
    )


def sell_tickets(booking: Booking, *, now: datetime = NOW) -> None:
    """The lines and the posting of a booking whose tickets are written."""
    tickets = booking.tickets.select_related("fare_class", "passenger_type").order_by("pk")
    lines = [line for ticket in tickets for line in fare_lines(ticket, is_abroad=False)]
    cause = Cause(name=f"sale:{booking.pk}", against=Account.RECEIVABLE, at=now)
    write_lines(booking, LineChange(sold=lines), cause)


def _make_payment(order: Order, amount: Decimal, method: str, *, is_online: bool, now: datetime) -> None:
    attempt = None
    if is_online:
        facts = {"gateway": method, "token": random_token(), "amount": amount, "status": "paid"}
        attempt = PaymentAttempt.objects.create(order=order, created_at=now, **facts)
    payment = Payment.objects.create(
        order=order, attempt=attempt, method=method, external_id=random_token(), amount=amount, paid_at=now
    )
    account = method if method in ("cash", "card", "eft") else "gateway"
    LedgerEntry.objects.post(
        Posting(
            f"payment:{payment.pk}",
            {account: amount, "receivable": -amount},
            at=now,
            order=order,
            gateway=method,
        )
    )


def _make_ticket(booking: Booking, name: str, seat: Seat, fare: Decimal, legs: range) -> Ticket:
    first_name, _blank, surname = name.rpartition(" ")
    fare_class = FareClass.objects.get(code="standard")
    ticket = Ticket.objects.create(
        booking=booking,
        schedule=booking.schedule,
        seat=seat,
        first_name=first_name,
        surname=surname,
        plain_surname=plain_surname(first_name, surname),
        plain_surname_end=plain_surname_end(surname),
        plain_first_name=plain_first_name(first_name, surname),
        passenger_type=PassengerType.objects.get(slug="adult"),
        fare_class=fare_class,
        fare=fare,
        refund_terms=RefundTerms.of_policy(fare_class.refund_policy).as_json(),
        code=new_ticket_code(),
        spoken_code=random_code(6),
    )
    sold = booking.status == SaleStatus.CONFIRMED
    SeatClaim.objects.bulk_create(
        SeatClaim(
            schedule=booking.schedule,
            seat=seat,
            leg=leg,
            kind=SeatClaim.Kind.SOLD if sold else SeatClaim.Kind.HELD,
            ticket=ticket,
            expires_at=None if sold else booking.order.pay_by,
        )
        for leg in legs
    )
    return ticket


def make_partner(name: str = "TravelHub", *, credit: int | str = 10_000, now: datetime = NOW) -> Partner:
    return add_partner(name=name, email="desk@travelhub.example", credit_limit=Decimal(credit), now=now)


def make_api_key(
    partner: Partner | None = None,
    *,
    scopes: tuple[str, ...] = ("read", "book", "cancel"),
    limit: str = "",
    now: datetime = NOW,
) -> NewKey:
    return make_key(partner or make_partner(), KeyTerms("website", scopes, limit), now=now)


def make_branch(name: str = "Johannesburg") -> Branch:
    city = make_city(name)
    return Branch.objects.get_or_create(code=city.slug, defaults={"name": name, "city": city})[0]


def make_user(
    *,
    role: str = User.Role.CLERK,
    username: str = "",
    branch: Branch | None = None,
    password: str = "",
    **fields: Any,
) -> User:
    """A member of staff at Johannesburg unless said, who can sign in if there is a password."""
    user = User(
        username=username or f"{role}-{next(_numbers)}", role=role, branch=branch or make_branch(), **fields
    )
    user.set_password(password or None)
    user.save()
    return user


def make_approval(reason: str = "seen") -> Approval:
    """What a supervisor at Johannesburg signed."""
    return Approval(make_user(role=User.Role.SUPERVISOR), reason)


def make_shift(clerk: User, *, opened_at: datetime = NOW, opening_float: int | str = 500) -> Shift:
    """An open shift, its float taken out of the safe."""
    amount = Decimal(opening_float)
    shift = Shift.objects.create(clerk=clerk, branch=clerk.branch, opened_at=opened_at, opening_float=amount)
    LedgerEntry.objects.post(
        Posting(
            f"float:{shift.pk}", {"cash": amount, "safe": -amount}, at=opened_at, shift=shift, actor=clerk
        )
    )
    return shift


def make_second_factor(user: User) -> TOTPDevice:
    """An app on the user's phone; `app_code(user)` is what it shows."""
    return TOTPDevice.objects.create(user=user, name="app", confirmed=True)


def app_code(user: User) -> str:
    """The app's code of now, even if it has just been used."""
    device = TOTPDevice.objects.filter(user=user).latest("pk")
    TOTPDevice.objects.filter(pk=device.pk).update(last_t=-1, drift=0, throttling_failure_count=0)
    return f"{totp(device.bin_key):06d}"


def make_promo_code(
    code: str = "SAVE10", *, lines: tuple[Line, ...] = (), classes: tuple[FareClass, ...] = (), **rules: Any
) -> PromoCode:
    """10 % off whatever is ordered by whatever channel, unless `rules` say otherwise."""
    facts = {
        "for_counter": True,
        "for_api": True,
        "value": 10,
        "plain_code": normal_code(code),
        "created_at": NOW,
    }
    promo = PromoCode.objects.create(code=code, **facts | rules)
    promo.lines.set(lines)
    promo.classes.set(classes)
    return promo


def make_voucher(value: int = 500, *, now: datetime = NOW, **facts: Any) -> tuple[Voucher, str]:
    """One given in goodwill, valid for a year unless said, with its code; posted. One that is `sold` has its
    paid order.
    """
    if facts.get("kind") == "sold":
        return _sold_voucher(value, now=now, **facts)
    facts = {"kind": "goodwill", "valid_until": (now + timedelta(days=365)).date()} | facts
    issued = write_voucher(NewVoucher(value=Decimal(value), **facts), now=now)
    add_movement(issued.voucher, VoucherMovement(kind="issued", amount=Decimal(value), at=now))
    against = "goodwill" if facts["kind"] == "goodwill" else "safe"
    amounts = {against: Decimal(value), "voucher_liability": -Decimal(value)}
    LedgerEntry.objects.post(Posting(f"voucher-issued:{issued.voucher.pk}", amounts, at=now))
    return issued.voucher, issued.code


def _sold_voucher(value: int, *, now: datetime, **facts: Any) -> tuple[Voucher, str]:
    order = place_voucher_order(VoucherOrder(Decimal(value), "ann@example.com"), now=now)
    settle(order.pk, ReceivedPayment("demo", f"voucher {order.pk}", order.total), now=now)
    voucher = Voucher.objects.get(order=order)
    code = decrypt(voucher.sealed_code)
    Voucher.objects.filter(pk=voucher.pk).update(sealed_code="", **facts)
    voucher.refresh_from_db()
    return voucher, code


def make_luggage_rule(
    *, space: int | None = None, schedule: Schedule | None = None, **rules: Any
) -> LuggageRule:
    """Up to two extra pieces at R80 on all lines, unless `rules` say otherwise; the coach of `schedule` takes
    `space` of them.
    """
    if schedule and space is not None:
        LuggageSpace.objects.update_or_create(layout=schedule.layout, defaults={"pieces": space})
    facts = {"price": Decimal(80), "most": 2}
    return LuggageRule.objects.create(**facts | rules)
