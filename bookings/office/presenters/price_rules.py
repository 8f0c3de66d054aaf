"""Prices with the rule that makes each, as texts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.base.dates import day_text
from bookings.base.money import format_zar
from bookings.domain.fares.prices import passenger_types
from bookings.domain.search.price_rules import RuledDeparture, RuledPrice


class PriceRow(NamedTuple):
    time: str
    address: str  # of the departure
    route: str
    fares: str  # address of the fares of its route
    fare_class: str
    price: str
    rule: str
    others: str  # what other passenger types pay


def price_rows(departures: Iterable[RuledDeparture]) -> list[PriceRow]:
    """One for each departure and fare class."""
    return [
        PriceRow(
            f"{departure.boards_at:%H:%M}",
            reverse("office:departure_seats", args=[departure.schedule.pk]),
            f"{departure.schedule.route.line.code} {departure.schedule.route.name}",
            reverse("office:fares_route", args=[departure.schedule.route_id]),
            price.fare_class.name,
            _("not sold") if price.rule.price is None else format_zar(price.rule.price),
            _rule_text(departure, price),
            _others(price),
        )
        for departure in departures
        for price in departure.prices
    ]


def _rule_text(departure: RuledDeparture, price: RuledPrice) -> str:
    rule = price.rule
    if rule.line is not None:
        dates = (
            _("fare from %(first)s") % {"first": _day(rule.line.valid_from)}
            if rule.line.valid_to is None
            else _("fare of %(first)s to %(last)s")
            % {"first": _day(rule.line.valid_from), "last": _day(rule.line.valid_to)}
        )
        amount = "" if rule.line.amount is None else f" {format_zar(rule.line.amount)}"
        text = f"{dates}{amount}"
    else:
        facts = {
            "km": f"{(departure.alight.km - departure.board.km).normalize():f}",
            "price": format_zar(departure.schedule.price_zar),
            "share": format_zar(rule.share) if rule.share is not None else "",
        }
        text = _("%(km)s km of the departure at %(price)s: %(share)s") % facts
    return text if rule.factor == 1 else f"{text} × {rule.factor.normalize():f}"


def _day(day: date) -> str:
    return f"{day_text(day)} {day.year}"


def _others(price: RuledPrice) -> str:
    types = passenger_types()
    return ", ".join(
        f"{types[slug].name} {format_zar(amount)}"
        for slug, amount in price.by_type.items()
        if not types[slug].is_default
    )
