"""A whole sale by a partner's program, and what may go wrong on its way."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.domain.counter.booking_record import booking_record
from bookings.domain.counter.exchange import Till, cancel_at_till
from bookings.domain.counter.tender import Tender, take_payment
from bookings.domain.integrity.invariants import violations
from bookings.domain.partners.partners import get_partner
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.gateway_refunds import pay_waiting_refunds
from bookings.models import (
    Booking,
    Channel,
    LedgerEntry,
    Order,
    OutboxMessage,
    PassengerType,
    Payment,
    Refund,
    Schedule,
    Seat,
    SeatClaim,
    Ticket,
)
from bookings.tests.api.conftest import Program, problem
from bookings.tests.api.sale import PEOPLE, details, hold, order, quote, segment_request, sell
from bookings.tests.make import (
    NOW,
    make_layout,
    make_route,
    make_schedule,
    make_shift,
    make_user,
    make_voucher,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def coach() -> Schedule:
    """Johannesburg to Cape Town on Friday at 10:00, R600 an adult, half price a child."""
    return make_schedule()


def owes(program: Program) -> Decimal:
    program.partner.refresh_from_db()
    return program.partner.owes


def test_a_sale_from_quote_to_tickets_and_back(program: Program, coach: Schedule, clock: Any) -> None:
    quoted = program.post("/quotes/", {"rides": [segment_request(coach)], "passengers": ["adult", "child"]})
    ends = {
        "origin": {
            "ref": "johannesburg-main@0",
            "stop": "Johannesburg station",
            "city": "Johannesburg",
            "city_slug": "johannesburg",
            "time": "2026-12-04T10:00:00+02:00",
            "expected_time": "2026-12-04T10:00:00+02:00",
            "news_at": None,
            "is_skipped": False,
        },
        "destination": {
            "ref": "cape-town-main@2",
            "stop": "Cape Town station",
            "city": "Cape Town",
            "city_slug": "cape-town",
            "time": "2026-12-04T14:00:00+02:00",
            "expected_time": "2026-12-04T14:00:00+02:00",
            "news_at": None,
            "is_skipped": False,
        },
    }
    standard = {"fare_class": "standard", "luggage_prices_zar": []}
    rides = [
        {
            "ride": {"schedule_id": coach.pk, "line": coach.route.line.code, **ends},
            "seats": [
                {"seat": "1A", "passenger_type": "adult", "fare_zar": "600.00", **standard},
                {"seat": "1B", "passenger_type": "child", "fare_zar": "300.00", **standard},
            ],
        }
    ]
    assert quoted.json() == {
        "quote": quoted.json()["quote"],
        "expires_at": "2026-12-01T10:15:00+02:00",
        "total_zar": "900.00",
        "promo_code": None,
        "discount_zar": "0.00",
        "rides": rides,
    }
    assert not SeatClaim.objects.exists()

    held = program.post("/holds/", {"quote": quoted.json()["quote"]})
    assert held.status_code == 201
    assert held.json() == {
        "id": held.json()["id"],
        "expires_at": "2026-12-01T10:20:00+02:00",
        "is_expired": False,
        "total_zar": "900.00",
        "promo_code": None,
        "discount_zar": "0.00",
        "can_pay_later": True,
        "order": None,
        "rides": rides,
    }

    placed = program.post("/orders/", details(held.json()))
    assert placed.status_code == 201
    made = Order.objects.get(token=placed.json()["id"])
    booking = made.bookings.get()
    tickets = list(booking.tickets.order_by("pk"))

    def ticket(index: int, first_name: str, kind: str, seat: str, fare: str, **paid: Any) -> dict[str, Any]:
        names = {
            "id": tickets[index].pk,
            "first_name": first_name,
            "surname": "Nkosi",
            "passenger_type": kind,
            "seat": seat,
        }
        return {
            **names,
            "needs_wheelchair": False,
            "help_request": "",
            "fare_class": "standard",
            "fare_zar": fare,
            "discount_zar": "0.00",
            "extra_luggage": 0,
            "luggage_zar": "0.00",
            "status": "valid",
            "code": None,
            "spoken_code": None,
            **paid,
        }

    unpaid = {
        "id": made.token,
        "external_reference": None,
        "status": "pending",
        "total_zar": "900.00",
        "owed_zar": "900.00",
        "pays_later": False,
        "pay_by": "2026-12-01T10:20:00+02:00",
        "placed_at": "2026-12-01T10:00:00+02:00",
        "updated_at": "2026-12-01T10:00:00+02:00",
        "email": "thandi@example.com",
        "phone": "+27821234567",
        "bookings": [
            {
                "reference": booking.booking_reference,
                "status": "pending",
                "ride": rides[0]["ride"],
                "tickets": [
                    ticket(0, "Thandi", "adult", "1A", "600.00"),
                    ticket(1, "Sipho", "child", "1B", "300.00"),
                ],
            }
        ],
        "refunds": [],
    }
    assert placed.json() == unpaid
    assert (made.channel, made.partner) == (Channel.API, program.partner)

    paid = program.post(f"/orders/{made.token}/pay/", {"amount_zar": "900.00"})
    assert paid.status_code == 200
    codes = [{"code": each.code, "spoken_code": each.spoken_code} for each in tickets]
    confirmed = unpaid | {"status": "confirmed", "owed_zar": "0.00", "pay_by": None}
    confirmed["bookings"] = [
        unpaid["bookings"][0]
        | {
            "status": "confirmed",
            "tickets": [
                ticket(0, "Thandi", "adult", "1A", "600.00", **codes[0]),
                ticket(1, "Sipho", "child", "1B", "300.00", **codes[1]),
            ],
        }
    ]
    assert paid.json() == confirmed
    assert program.get(f"/orders/{made.token}/").json() == confirmed
    assert program.get("/account/").json() == {
        "name": "TravelHub",
        "credit_limit_zar": "10000.00",
        "owes_zar": "900.00",
    }
    assert OutboxMessage.objects.filter(order=made, kind="confirmation").count() == 1

    clock.shift(timedelta(hours=26))  # 46 hours before departure, past the grace: half of the fare is kept
    address = f"/bookings/{booking.booking_reference}/cancellation/"
    asked = program.get(address).json()
    assert asked == {
        "reference": booking.booking_reference,
        "is_possible": True,
        "refund_zar": "450.00",
        "fee_zar": "450.00",
        "falls_at": "2026-12-03T22:00:00+02:00",
        "falls_to_zar": "0.00",
        "tickets": [
            {
                "ticket": tickets[0].pk,
                "name": "Thandi Nkosi",
                "fare_zar": "600.00",
                "fee_zar": "300.00",
                "refund_zar": "300.00",
            },
            {
                "ticket": tickets[1].pk,
                "name": "Sipho Nkosi",
                "fare_zar": "300.00",
                "fee_zar": "150.00",
                "refund_zar": "150.00",
            },
        ],
    }
    gone = program.post(address, {"refund_zar": asked["refund_zar"]}).json()
    assert gone["cancelled"] == booking.booking_reference
    assert gone["order"]["status"] == "cancelled"
    assert gone["order"]["refunds"] == [
        {
            "amount_zar": "450.00",
            "status": "paid",
            "state": "paid",
            "method": "partner",
            "created_at": "2026-12-02T12:00:00+02:00",
            "paid_at": "2026-12-02T12:00:00+02:00",
        }
    ]
    assert owes(program) == Decimal("450.00")
    assert not SeatClaim.objects.exists()
    assert violations(now=NOW + timedelta(hours=26)) == []


def test_what_an_answer_calls_origin_is_read_back_by_a_quote(program: Program, coach: Schedule) -> None:
    day = {"from": "johannesburg", "to": "cape-town", "date": "2026-12-04"}
    (offer,) = program.get("/search/", day).json()["results"]

    ends = {name: offer[name] for name in ("origin", "destination")}
    by_ref = {name: end["ref"] for name, end in ends.items()}

    assert (
        quote(program, segment_request(coach, **ends))["rides"]
        == quote(program, segment_request(coach, **by_ref))["rides"]
    )
    assert quote(program, segment_request(coach, **ends))["rides"][0]["ride"]["origin"] == offer["origin"]
    nonsense = {"rides": [segment_request(coach, origin={"stop": "x"})], "passengers": ["adult"]}
    assert problem(program.post("/quotes/", nonsense))["errors"][0]["field"] == "rides.0.origin"


def test_the_way_back_is_priced_like_it_is_held(program: Program) -> None:
    """Dear and cheap seats on both coaches, so that who sits where decides the price."""
    out = make_schedule(layout=make_layout(seats=8, premium=4))
    way_back = make_route("Cape Town", "Bloemfontein", "Johannesburg")
    back = make_schedule(
        route=way_back, layout=make_layout(seats=8, premium=4), departs=NOW + timedelta(days=5)
    )
    rides = (
        segment_request(out, seats=["1A", "2A"]),
        segment_request(back, "cape-town", "johannesburg", seats=["1B", "2B"]),
    )

    held = hold(program, *rides, types=("adult", "child"))

    # The adult goes on the cheaper seat of the way out (600 + 405); everybody keeps the place in the party on
    # the way back.
    assert [[seat["fare_zar"] for seat in each["seats"]] for each in held["rides"]] == [
        ["405.00", "600.00"],
        ["405.00", "600.00"],
    ]
    assert held["total_zar"] == "2010.00"
    assert program.post("/orders/", details(held)).json()["total_zar"] == "2010.00"


def test_a_quote_keeps_its_price_or_is_refused(program: Program, coach: Schedule) -> None:
    quoted = quote(program, segment_request(coach))
    Schedule.objects.filter(pk=coach.pk).update(price_zar=650)

    refused = program.post("/holds/", {"quote": quoted["quote"]})

    assert refused.status_code == 409
    assert problem(refused) == {
        "type": "http://127.0.0.1:8000/api/v1/problems/#quote-outdated",
        "title": "Changed in the meantime",
        "status": 409,
        "detail": "The price is R975 now, not R900 as quoted. Nothing is held; please ask for a new quote.",
    }
    assert not SeatClaim.objects.exists()


def test_a_quote_is_good_for_a_quarter_of_an_hour(program: Program, coach: Schedule, clock: Any) -> None:
    quoted = quote(program, segment_request(coach))
    clock.shift(timedelta(minutes=16))

    assert problem(program.post("/holds/", {"quote": quoted["quote"]}))["type"].endswith("#quote-outdated")


def test_a_quote_of_somebody_else_is_worth_nothing(
    program: Program, make_program: Any, coach: Schedule
) -> None:
    from bookings.tests.make import make_partner

    other = make_program(partner=make_partner("Rival"))

    assert (
        other.post("/holds/", {"quote": quote(program, segment_request(coach))["quote"]}).status_code == 404
    )
    assert program.post("/holds/", {"quote": "eyJhIjoxfQ:1:x"}).status_code == 404


def test_a_taken_seat_is_refused_with_those_near_by(program: Program, coach: Schedule) -> None:
    quoted = quote(program, segment_request(coach, seats=["1A"]), types=("adult",))
    hold(program, segment_request(coach, seats=["1A"]), types=("adult",))

    refused = problem(program.post("/holds/", {"quote": quoted["quote"]}))

    assert (refused["status"], refused["seats"], refused["nearest"]) == (409, ["1A"], ["1B", "1C", "1D"])


def test_passengers_must_be_those_who_were_quoted(program: Program, coach: Schedule) -> None:
    held = hold(program, segment_request(coach), types=("adult", "adult"))

    assert program.post("/orders/", details(held)).status_code == 422
    assert not Order.objects.exists()


def test_released_seats_are_free_at_once(program: Program, coach: Schedule) -> None:
    held = hold(program, segment_request(coach))

    assert program.delete(f"/holds/{held['id']}/").status_code == 204
    assert not SeatClaim.objects.exists()
    assert program.get(f"/holds/{held['id']}/", {"fields": "is_expired,order"}).json() == {
        "is_expired": True,
        "order": None,
    }


def test_seats_that_are_ordered_are_not_released(program: Program, coach: Schedule) -> None:
    held = hold(program, segment_request(coach))
    program.post("/orders/", details(held))

    assert program.delete(f"/holds/{held['id']}/").status_code == 409


def test_an_order_in_time_only(program: Program, coach: Schedule, clock: Any) -> None:
    held = hold(program, segment_request(coach))
    clock.shift(timedelta(minutes=21))

    assert problem(program.post("/orders/", details(held)))["type"].endswith("#hold-expired")


def test_nothing_is_paid_after_time(program: Program, coach: Schedule, clock: Any) -> None:
    placed = order(program, coach)
    clock.shift(timedelta(minutes=21))

    assert program.post(f"/orders/{placed['id']}/pay/", {"amount_zar": "900.00"}).status_code == 409
    assert program.get(f"/orders/{placed['id']}/", {"fields": "status,owed_zar"}).json() == {
        "status": "expired",
        "owed_zar": "0.00",
    }
    assert owes(program) == 0


def test_only_what_is_owed_is_paid(program: Program, coach: Schedule) -> None:
    placed = order(program, coach)

    assert program.post(f"/orders/{placed['id']}/pay/", {"amount_zar": "899.99"}).status_code == 409
    assert not Payment.objects.exists()


def test_the_credit_limit_holds(make_program: Any, coach: Schedule) -> None:
    from bookings.tests.make import make_partner

    program = make_program(partner=make_partner(credit="1799.99"))
    sell(program, coach)
    second = order(program, coach)

    refused = program.post(f"/orders/{second['id']}/pay/", {"amount_zar": "900.00"})

    assert problem(refused)["type"].endswith("#credit-exceeded")
    assert owes(program) == 900
    assert program.get("/orders/", {"status": "confirmed", "fields": "owed_zar"}).json()["results"] == [
        {"owed_zar": "0.00"}
    ]


def test_a_voucher_of_the_customer_pays_first_and_the_account_the_rest(
    program: Program, coach: Schedule
) -> None:
    voucher, code = make_voucher(500)
    placed = order(program, coach)
    pay = f"/orders/{placed['id']}/pay/"

    assert program.post(pay, {"amount_zar": "900.00", "voucher": "0000"}).status_code == 422
    assert program.post(pay, {"amount_zar": "400.00", "voucher": code}).status_code == 409
    assert Order.objects.get(token=placed["id"]).payments.count() == 0
    paid = program.post(pay, {"amount_zar": "900.00", "voucher": code.lower()})

    assert (paid.status_code, paid.json()["status"], owes(program)) == (200, "confirmed", 400)
    assert violations(now=NOW) == []
    reference = Order.objects.get(token=placed["id"]).bookings.get().booking_reference
    program.post(f"/bookings/{reference}/cancellation/", {"refund_zar": "900.00"})
    pay_waiting_refunds(now=NOW)
    voucher.refresh_from_db()
    assert (voucher.balance, owes(program)) == (500, 0)
    assert violations(now=NOW) == []


def test_pay_later_is_paid_at_a_counter(program: Program, coach: Schedule) -> None:
    placed = order(program, coach, pay_later=True)
    assert placed["pay_by"] == "2026-12-02T10:00:00+02:00"
    shift = make_shift(make_user())

    take_payment(
        Order.objects.get(token=placed["id"]),
        Tender("cash"),
        shift=shift,
        submission="s",
        content="c",
        now=NOW,
    )

    assert program.get(f"/orders/{placed['id']}/", {"fields": "status"}).json() == {"status": "confirmed"}
    assert owes(program) == 0
    assert violations(now=NOW) == []


def test_some_passengers_are_cancelled_for_what_was_quoted(program: Program, coach: Schedule) -> None:
    sold = sell(program, coach)
    booking = sold["bookings"][0]
    child = booking["tickets"][1]["id"]
    address = f"/bookings/{booking['reference']}/cancellation/"
    assert program.get(address, {"tickets": str(child)}).json()["refund_zar"] == "300.00"

    gone = program.post(address, {"refund_zar": "300.00", "tickets": [child]}).json()

    assert gone["cancelled"] != booking["reference"]
    assert [each["status"] for each in gone["order"]["bookings"]] == ["confirmed", "cancelled"]
    assert owes(program) == 600
    assert violations(now=NOW) == []


def test_a_part_cancellation_is_quoted_and_done_for_all_who_are_named_or_refused(
    program: Program, coach: Schedule
) -> None:
    sold, other = sell(program, coach)["bookings"][0], sell(program, coach)["bookings"][0]
    adult, child = (ticket["id"] for ticket in sold["tickets"])
    foreign = other["tickets"][0]["id"]
    Ticket.objects.filter(pk=child).update(status=Ticket.Status.BOARDED)
    address = f"/bookings/{sold['reference']}/cancellation/"

    for wrong, words in ((foreign, f"ticket {foreign}"), (child, "Sipho Nkosi (boarded)")):
        for refused in (
            program.get(address, {"tickets": f"{adult},{wrong}"}),
            program.post(address, {"refund_zar": "0.00", "tickets": [adult, wrong]}),
        ):
            assert problem(refused)["status"] == 409
            assert words in problem(refused)["detail"]
    assert not Refund.objects.exists()


def test_a_reference_in_any_dress_is_the_same_address(program: Program, coach: Schedule) -> None:
    reference = sell(program, coach)["bookings"][0]["reference"]
    dressed = f"/bookings/{reference[:4].lower()}-{reference[4:].lower()}/cancellation/"
    assert program.get(dressed).json()["reference"] == reference

    gone = program.post(dressed, {"refund_zar": "900.00"}, once="k")
    again = program.post(f"/bookings/{reference}/cancellation/", {"refund_zar": "900.00"}, once="k")

    assert (gone.status_code, again.status_code) == (200, 200)
    assert again["Idempotent-Replayed"] == "true"


def test_a_refund_that_fell_is_refused(program: Program, coach: Schedule, clock: Any) -> None:
    booking = sell(program, coach)["bookings"][0]
    clock.shift(timedelta(hours=30))

    assert (
        program.post(f"/bookings/{booking['reference']}/cancellation/", {"refund_zar": "900.00"}).status_code
        == 409
    )
    assert owes(program) == 900


def test_whoever_cancels_the_partner_is_credited(program: Program, coach: Schedule) -> None:
    """Staff or the traveller's link cancel what a partner sold on account: no cash leaves a till for it."""
    reference = sell(program, coach)["bookings"][0]["reference"]

    cancel_booking(CancellationRequest(reference), submission="s", content="c", actor=make_user(), now=NOW)

    assert owes(program) == 0
    assert Refund.objects.get().method == "partner"
    assert violations(now=NOW) == []


def test_a_till_pays_nothing_back_for_what_was_sold_on_account(program: Program, coach: Schedule) -> None:
    sold = sell(program, coach)["bookings"][0]
    clerk = make_user()
    shift = make_shift(clerk)
    tickets = [ticket["id"] for ticket in sold["tickets"]]

    cancel_at_till(
        CancellationRequest(
            sold["reference"], ticket_ids=tickets, quoted=Decimal(900), reason="asked for it"
        ),
        till=Till(clerk, Tender("cash")),
        submission="s",
        content="c",
        now=NOW,
    )

    assert owes(program) == 0
    assert LedgerEntry.objects.balance("cash", shift=shift) == 500
    assert violations(now=NOW) == []


def test_the_office_sees_who_sold_it(program: Program, coach: Schedule) -> None:
    reference = sell(program, coach)["bookings"][0]["reference"]

    assert booking_record(reference, user=make_user(), now=NOW).seller == "TravelHub"


def test_a_partner_sees_its_own_only(program: Program, make_program: Any, coach: Schedule) -> None:
    from bookings.tests.make import make_partner

    sold, held = sell(program, coach), hold(program, segment_request(coach))
    other = make_program(partner=make_partner("Rival"))
    reference = sold["bookings"][0]["reference"]

    answers = [
        other.get(f"/orders/{sold['id']}/"),
        other.post(f"/orders/{sold['id']}/pay/", {"amount_zar": "900.00"}),
        other.get(f"/bookings/{reference}/cancellation/"),
        other.post(f"/bookings/{reference}/cancellation/", {"refund_zar": "0.00"}),
        other.get(f"/holds/{held['id']}/"),
        other.delete(f"/holds/{held['id']}/"),
        other.post("/orders/", details(held)),
    ]

    assert [answer.status_code for answer in answers] == [404] * 7
    assert other.get("/orders/").json() == {
        "next": None,
        "previous": None,
        "next_cursor": None,
        "results": [],
    }
    assert Booking.objects.get().status == "confirmed"


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_of_orders_costs_the_same_for_one_and_three(
    program: Program, django_assert_num_queries: Any, number: int
) -> None:
    coach = make_schedule(seats=8)
    for _each in range(number):
        sell(program, coach, people=PEOPLE[:1])

    with django_assert_num_queries(6):  # key, orders, bookings, tickets, refunds, what is owed
        answer = program.get("/orders/")

    assert len(answer.json()["results"]) == number


def test_who_sold_stands_in_the_history(program: Program, coach: Schedule) -> None:
    booking = sell(program, coach)["bookings"][0]

    program.post(f"/bookings/{booking['reference']}/cancellation/", {"refund_zar": "900.00"})

    last = Booking.objects.get().events.latest("pk")
    assert last.reason == f"by TravelHub (API key {program.key.key.prefix})"


def test_what_is_charged_to_an_account_is_in_the_ledger(program: Program, coach: Schedule) -> None:
    sell(program, coach)

    entry = LedgerEntry.objects.get(account="partner")
    assert (entry.amount, entry.partner, entry.order) == (
        Decimal(900),
        get_partner("travelhub"),
        Order.objects.get(),
    )


def test_a_child_is_quoted_with_an_adult_only(program: Program, coach: Schedule) -> None:
    PassengerType.objects.filter(slug="child").update(is_adult=False, youngest_age=3)
    kinds = program.get("/passenger-types/").json()["results"]

    answer = program.post("/quotes/", {"rides": [segment_request(coach)], "passengers": ["child"]})

    assert [(kind["slug"], kind["is_adult"], kind["needs_adult"]) for kind in kinds[:2]] == [
        ("adult", True, False),
        ("child", False, True),
    ]
    assert answer.status_code == 422
    assert "need an adult in the same booking" in answer.json()["detail"]
    assert not SeatClaim.objects.exists()


def test_a_wheelchair_is_quoted_held_and_ordered_with_its_place(program: Program, coach: Schedule) -> None:
    Seat.objects.filter(layout=coach.layout, label="1C").update(kind="accessible")
    people = [{**person, "passenger_type": "adult"} for person in PEOPLE]
    people[0] |= {"uses_wheelchair": True, "help_request": "up the steps"}
    plain = quote(program, segment_request(coach), types=("adult", "adult"))
    held = hold(program, segment_request(coach, wheelchairs=1), types=("adult", "adult"))
    body = {"email": "thandi@example.com", "hold": held["id"], "passengers": people}
    many = [{**person, "uses_wheelchair": True} for person in people]

    refused = program.post("/orders/", {**body, "passengers": many})
    made = program.post("/orders/", body)

    assert "1C" not in [seat["seat"] for seat in plain["rides"][0]["seats"]]
    assert (refused.status_code, "more wheelchairs than were quoted" in refused.json()["detail"]) == (
        422,
        True,
    )
    tickets = made.json()["bookings"][0]["tickets"]
    assert {(each["seat"], each["needs_wheelchair"], each["help_request"]) for each in tickets} == {
        ("1C", True, "up the steps"),
        ("1D", False, ""),
    }


def test_an_infant_is_sold_on_a_lap(program: Program, coach: Schedule) -> None:
    PassengerType.objects.create(
        slug="infant", name="Infant", discount_percent=90, is_adult=False, travels_on_lap=True, position=9
    )
    quoted = quote(program, segment_request(coach), types=("infant", "adult"))
    held = hold(program, segment_request(coach), types=("infant", "adult"))
    people = [{**PEOPLE[1], "passenger_type": "infant"}, {**PEOPLE[0], "passenger_type": "adult"}]

    made = program.post("/orders/", {"email": "a@example.com", "hold": held["id"], "passengers": people})

    seats = [("1A", "600.00"), (None, "60.00")]
    assert [(each["seat"], each["fare_zar"]) for each in quoted["rides"][0]["seats"]] == seats
    assert [(each["seat"], each["fare_zar"]) for each in held["rides"][0]["seats"]] == seats
    assert [(each["seat"], each["fare_zar"]) for each in made.json()["bookings"][0]["tickets"]] == seats


def test_a_program_reads_a_month_of_its_account(program: Program, coach: Schedule) -> None:
    sell(program, coach)

    statement = program.get("/account/statement/?month=2026-12").json()

    zeros = ("opening", "refunds", "commission", "payments", "other", "commission_earned")
    assert statement == {
        "month": "2026-12",
        "until": "2026-12-01",
        "settlement": "gross",
        "sales_zar": "900.00",
        "closing_zar": "900.00",
        **{f"{name}_zar": "0.00" for name in zeros},
        "ageing": {
            "current_zar": "900.00",
            "over_30_zar": "0.00",
            "over_60_zar": "0.00",
            "over_90_zar": "0.00",
        },
    }
    assert program.get("/account/statement/").json() == statement
    assert program.get("/account/statement/?month=2026-13").status_code == 400
