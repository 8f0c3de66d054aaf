"""What the help pages tell, from where the product takes it: company, terms, passenger types, settings."""

from __future__ import annotations

import re
from functools import cached_property, partial
from typing import NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.money import format_zar
from bookings.base.phones import read_phone
from bookings.domain.company.details import get_company
from bookings.domain.company.settings import company_settings
from bookings.domain.fares.companions import needs_adult
from bookings.domain.fares.luggage import cheapest_piece
from bookings.domain.fares.prices import fare_classes, passenger_types
from bookings.domain.fares.refund_lines import RefundTermLine, refund_lines
from bookings.domain.fares.refund_rules import RefundTerms
from bookings.domain.inventory.wheelchair_places import places_by_layout
from bookings.domain.network.lists import counters
from bookings.domain.timetable.trip_facts import CHECK_IN, CHECK_IN_AT_BORDER, luggage_text, papers_text
from bookings.models import Company, FareClass, PassengerType
from bookings.passenger.presenters.privacy import RetentionRow, retention_rows
from bookings.web.fields import HELP_LENGTH


class HelpLink(NamedTuple):
    address: str
    label: str
    is_current: bool


class ContactRow(NamedTuple):
    label: str
    lines: tuple[str, ...]
    address: str = ""  # where a link leads


class TypeRow(NamedTuple):
    name: str
    ages: str
    fare: str
    alone: str
    proof: str


class ClassTerms(NamedTuple):
    name: str
    lines: tuple[RefundTermLine, ...]
    change_hours: int  # until so many hours before departure passengers change it online
    name_fee: str  # for another passenger's name; empty where the fare allows none


def help_links(current: str) -> list[HelpLink]:
    links = (
        ("help", _("Questions and answers")),
        ("help_luggage", _("Luggage")),
        ("help_children", _("Children and reduced fares")),
        ("help_accessibility", _("Accessibility")),
        ("help_documents", _("Travel documents and borders")),
        ("terms", _("Refunds and changes")),
        ("about", _("About us")),
        ("contact", _("Contact")),
        ("privacy", _("Your personal data")),
    )
    return [HelpLink(reverse(f"passenger:{name}"), label, name == current) for name, label in links]


class HelpFacts:
    """Each is read when a page first shows it."""

    @cached_property
    def company(self) -> Company:
        return get_company()

    @cached_property
    def contact(self) -> list[ContactRow]:
        company = self.company
        rows = [
            ContactRow(_("Telephone"), _lines(company.phone), _tel(company.phone)),
            ContactRow(_("WhatsApp"), _lines(company.whatsapp), _whatsapp(company.whatsapp)),
            ContactRow(_("Opening hours"), _lines(company.opening_hours)),
            ContactRow(
                _("Emergency, while you travel"),
                _lines(company.emergency_phone),
                _tel(company.emergency_phone),
            ),
            ContactRow(_("E-mail"), _lines(company.email), f"mailto:{company.email}"),
            ContactRow(_("Website"), _lines(company.website), company.website),
            ContactRow(_("Address"), _lines(company.address)),
            ContactRow(_("Postal address"), _lines(company.postal_address)),
            ContactRow(_("Information officer (personal information)"), _lines(company.information_officer)),
        ]
        return [row for row in rows if row.lines]

    @cached_property
    def registration(self) -> list[ContactRow]:
        company = self.company
        rows = [
            ContactRow(_("Registered name"), _lines(company.legal_name)),
            ContactRow(_("Registration number"), _lines(company.registration_number)),
            ContactRow(_("VAT number"), _lines(company.vat_number)),
        ]
        return [row for row in rows if row.lines]

    @cached_property
    def phone_link(self) -> str:
        return _tel(self.company.phone)

    @cached_property
    def counters(self) -> list[ContactRow]:
        return [
            ContactRow(branch.name, _lines(f"{branch.address}\n{branch.opening_hours}"))
            for branch in counters()
        ]

    @cached_property
    def types(self) -> list[TypeRow]:
        return [_type(kind) for kind in passenger_types().values()]

    @cached_property
    def on_laps(self) -> list[str]:
        """ "Infants (under 3 years) travel on …", for each type without a seat."""
        text = _("%(types)s travel on the lap of an adult, one beside each adult, without a seat: %(fare)s.")
        return [
            text
            % {
                "types": f"{kind.name_plural} ({kind.ages})" if kind.ages else kind.name_plural,
                "fare": _fare(kind),
            }
            for kind in passenger_types().values()
            if kind.travels_on_lap
        ]

    @cached_property
    def wheelchair_places(self) -> list[str]:
        text = partial(ngettext, "%(coach)s: %(number)d place", "%(coach)s: %(number)d places")
        return [text(number) % {"coach": coach, "number": number} for coach, number in places_by_layout()]

    @property
    def wheelchair_release(self) -> str:
        return _span(round(company_settings.wheelchair_release_hours * 60))

    @property
    def help_length(self) -> int:
        return HELP_LENGTH

    @cached_property
    def classes(self) -> list[ClassTerms]:
        return [_class_terms(row) for row in fare_classes()]

    @cached_property
    def luggage(self) -> str:
        return luggage_text(is_abroad=False)

    @cached_property
    def luggage_abroad(self) -> str:
        return luggage_text(is_abroad=True)

    @cached_property
    def extra_luggage(self) -> str:
        """What an extra piece costs at least; empty where none are sold."""
        price = cheapest_piece()
        return "" if price is None else format_zar(price)

    @cached_property
    def papers(self) -> str:
        return papers_text(False)

    @cached_property
    def papers_abroad(self) -> str:
        return papers_text(True)

    @property
    def check_in(self) -> str:
        return _span(int(CHECK_IN.total_seconds() // 60))

    @property
    def check_in_abroad(self) -> str:
        return _span(int(CHECK_IN_AT_BORDER.total_seconds() // 60))

    @cached_property
    def retention(self) -> list[RetentionRow]:
        return retention_rows()

    @property
    def hold(self) -> str:
        return _span(round(company_settings.hold_minutes))

    @property
    def pay_later(self) -> str:
        return _span(round(company_settings.pay_later_hours * 60))

    @property
    def pay_later_until(self) -> str:
        return _span(round(company_settings.pay_later_cutoff_hours * 60))

    @property
    def pay_later_proof(self) -> str:
        return _span(round(company_settings.pay_later_proof_minutes))

    @property
    def sales_close(self) -> str:
        return _span(round(company_settings.sales_close_minutes))

    @property
    def boarding_closes(self) -> str:
        return _span(round(company_settings.boarding_closes_minutes))

    @property
    def most_seats(self) -> int:
        return int(settings.HOLD_MAX_SEATS)


def _type(kind: PassengerType) -> TypeRow:
    return TypeRow(kind.name, kind.ages, _fare(kind), _alone(kind), kind.proof)


def _fare(kind: PassengerType) -> str:
    if kind.discount_percent == 100:
        return _("free")
    if kind.discount_percent:
        return _("%(percent)d%% off") % {"percent": kind.discount_percent}
    return _("full fare")


def _alone(kind: PassengerType) -> str:
    if kind.travels_on_lap:
        return _("no: on the lap of an adult, one beside each adult")
    if needs_adult(kind):
        return _("only with an adult in the same booking")
    return _("yes; across a border only with an adult") if needs_adult(kind, is_abroad=True) else _("yes")


def _span(minutes: int) -> str:
    """As it is said: 45 minutes, 24 hours."""
    if minutes and minutes % 60 == 0:
        hours = minutes // 60
        return ngettext("%(hours)d hour", "%(hours)d hours", hours) % {"hours": hours}
    return ngettext("%(minutes)d minute", "%(minutes)d minutes", minutes) % {"minutes": minutes}


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.splitlines() if line.strip())


def _tel(number: str) -> str:
    return f"tel:{_dialled(number)}" if number else ""


def _whatsapp(number: str) -> str:
    """A chat wants the number with its country, and without a sign."""
    try:
        return f"https://wa.me/{read_phone(number)[1:]}" if number else ""
    except ValueError:
        return ""


def _dialled(number: str) -> str:
    return re.sub(r"[^0-9+]", "", number)


def _class_terms(fare_class: FareClass) -> ClassTerms:
    terms, policy = RefundTerms.of_policy(fare_class.refund_policy), fare_class.refund_policy
    fee = "" if policy.name_fee is None else format_zar(policy.name_fee)
    return ClassTerms(fare_class.name, refund_lines(terms), policy.change_hours, fee)
