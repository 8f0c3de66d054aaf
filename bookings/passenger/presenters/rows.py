"""Departures of a list or a board, calls and seats of a coach as ready strings.

A template for each of them costs more than all else on the page: "results, list made anew", "departure board,
made anew" and "departure with seat map" of the benchmark.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.dates import day_mark
from bookings.domain.inventory.seats import DeckView, SeatView
from bookings.domain.search.boards import BoardRow
from bookings.domain.search.offers import Offer
from bookings.domain.timetable.segments import Segment
from bookings.domain.timetable.trips import StopCall
from bookings.models import Amenity, SeatKind
from bookings.passenger.addresses import booking_address, departure_path
from bookings.passenger.presenters.trip_facts import trip_facts_of_offers
from bookings.web.changed_times import changed_time
from bookings.web.fragments import fill

_ROW: Final = """<li class="offer{gone}">
  <div class="offer-main">
  {day}
  <div class="ride">
    <time class="at" datetime="{departs_iso}">{departs}</time>
    <span class="road">{duration}</span>
    <span class="at end"><time datetime="{arrives_iso}">{arrives}</time>{mark}</span>
    <span class="stop">{board_stop}</span>
    <span class="stop end">{alight_stop}</span>
  </div>
  <div class="offer-more"><span>{line}</span>{badge}<span class="amenities">{icons}</span></div>
  </div>
  <div class="offer-price">
    <div>{sum}{few}</div>
    {action}
  </div>
  {facts}
</li>
"""
_ACTIONS: Final = """<div class="offer-actions">
      <button class="btn btn-primary" formaction="{}">{}<span class="visually-hidden"> {}</span></button>
      <a href="{}">{}<span class="visually-hidden"> {}</span></a>
    </div>"""
_FACTS: Final = '<details class="offer-facts"><summary>{}</summary>{}</details>'
_CALL: Final = """<tr{gone}>
  <td class="cell-departs"><time datetime="{departs_iso}">{time}
    <span class="hint">{day_label}</span></time></td>
  <td class="cell-destination"><b>{destination}</b> {way}</td>
  <td class="cell-stop">{stop}</td>
  <td class="cell-line">{line} {badge}</td>
  <td class="cell-status"><span class="badge badge-{tone}">{status_text}</span></td>
  <td class="cell-seats">{seats}</td>
</tr>
"""
_ROUTE_CALL: Final = """<li class="{part}">
  <time datetime="{time_iso}">{time}{day}</time>
  <span>{city}{stop}{hint}</span>
</li>
"""
_TONES: Final = {"boarding": "good", "cancelled": "bad", "on_the_way": "good", "delayed": "warn"}
_FIXTURE: Final = '<span class="fixture is-{}" aria-hidden="true"><b>{}</b></span>'
_SEAT: Final = """<label class="seat is-{state} is-{kind}" title="{name}">
            <input type="checkbox" name="seats" value="{label}" id="seat-{label}"
              data-class="{class_code}"{ticked}{closed}>
            <span class="seat-shape" aria-hidden="true"><b>{label}</b>{icon}</span>
            <span class="seat-words">{name}</span>
          </label>"""


def coach_count_text(total: int) -> str:
    """What is said aloud when a list has come."""
    return ngettext("%(n)d coach", "%(n)d coaches", total) % {"n": total} if total else _("No coaches")


def offer_rows(
    offers: Sequence[Offer],
    address: Callable[[Offer], str],
    party: int,
    *,
    now: datetime,
    show_day: bool = False,
) -> SafeString:
    """`address` tells where a departure's page is."""
    for_all = ngettext("for you", "for %(n)d passengers", party) % {"n": party} if party > 1 else ""
    facts, pictures = trip_facts_of_offers(offers, now), static("img/icons.svg")
    rows = (
        _row(offer, address(offer), for_all, facts=fact, show_day=show_day, pictures=pictures)
        for offer, fact in zip(offers, facts, strict=True)
    )
    return mark_safe("".join(rows))


def _row(
    offer: Offer, address: str, for_all: str, *, facts: SafeString, show_day: bool, pictures: str
) -> SafeString:
    is_open = offer.state == "open"
    return fill(
        _ROW,
        departs_iso=offer.departs_iso,
        departs=changed_time(offer.departs, offer.departs_note),
        duration=offer.duration,
        arrives_iso=offer.arrives_iso,
        arrives=changed_time(offer.arrives, offer.arrives_note),
        board_stop=offer.board_stop,
        alight_stop=offer.alight_stop,
        line=offer.line,
        gone="" if is_open else " is-gone",
        day=_within('<p class="eyebrow">{}</p>', offer.day_label if show_day or offer.shows_day else ""),
        mark=_within("<sup>{}</sup>", offer.day_mark),
        badge=_within('<span class="badge badge-info">{}</span>', offer.note),
        icons=_icons(offer.amenities, pictures),
        sum=_within('<div class="sum num">{}</div>', offer.price)
        + _within('<div class="hint">{}</div>', for_all),
        few=_within('<span class="badge badge-warn">{}</span>', offer.seats_left if is_open else ""),
        action=_actions(offer, address, offer.day_label if show_day else "")
        if is_open
        else _within('<span class="badge badge-bad">{}</span>', offer.seats_left or _("Sold out")),
        facts=fill(_FACTS, _("Stops, luggage, refund"), facts),
    )


def _within(html: str, text: str) -> SafeString:
    """The text in its element; no text, no element."""
    return fill(html, text) if text else SafeString()


def _actions(offer: Offer, address: str, day: str) -> SafeString:
    """Seats of our choice at once, or a look at the coach. `day` where the list is of several days."""
    time = f"{offer.departs}, {day}" if day else offer.departs
    on_coach = _("on the %(time)s coach") % {"time": time}
    return fill(_ACTIONS, booking_address(address), _("Book"), on_coach, address, _("Choose seats"), on_coach)


@lru_cache(maxsize=1000)
def _icons(labels: tuple[str, ...], pictures: str) -> SafeString:
    """The drawings of amenities, with their names for those who cannot see them."""
    names = {str(amenity.label): amenity.value for amenity in Amenity}
    html = '<svg class="icon" role="img" aria-label="{0}"><title>{0}</title><use href="{1}#{2}"/></svg>'
    return mark_safe("".join(fill(html, label, pictures, names.get(label, "check")) for label in labels))


def board_rows(rows: Iterable[BoardRow]) -> SafeString:
    return mark_safe("".join(map(_call, rows)))


def _call(row: BoardRow) -> SafeString:
    return fill(
        _CALL,
        **vars(row),
        time=changed_time(row.departs, row.departs_note)
        if row.departs_note
        else _within("<b>{}</b>", row.departs),
        gone=SafeString(' class="is-cancelled"') if row.status == "cancelled" else "",
        way=_within(
            '<span class="hint">{}</span>', _("via %(places)s") % {"places": row.via} if row.via else ""
        ),
        badge=_within('<span class="badge badge-info">{}</span>', row.coach),
        tone=_TONES.get(row.status, "info"),
        seats=_seats_link(row) if row.is_on_sale else "",
    )


def _seats_link(row: BoardRow) -> SafeString:
    html = '<a class="btn btn-small" href="{}?from={}&amp;to={}&amp;passengers=1" aria-label="{}">{}</a>'
    address = departure_path(row.schedule_id)
    label = _("Seats on the %(time)s coach to %(place)s") % {
        "time": f"{row.departs}, {row.day_label}",
        "place": row.destination,
    }
    return fill(html, address, row.from_ref, row.to_ref, label, _("Seats"))


def route_rows(calls: Iterable[StopCall], segment: Segment) -> SafeString:
    """The way of the coach, with the part that is travelled; marks of days count from the boarding day."""
    day = segment.boards_local.date()
    return mark_safe("".join(_route_call(call, segment, day) for call in calls))


def _route_call(call: StopCall, segment: Segment, day: date) -> SafeString:
    is_board, is_alight = call.position == segment.board.position, call.position == segment.alight.position
    is_end = is_board or is_alight
    hint = _("you board here") if is_board else _("you get off here") if is_alight else ""
    parts = {"is-ride": call.position in segment.legs, "is-end": is_end}
    time, note = (call.arrives, call.arrives_note) if is_alight else (call.departs, call.departs_note)
    return fill(
        _ROUTE_CALL,
        part=" ".join(name for name, is_shown in parts.items() if is_shown),
        time_iso=time.isoformat(),
        time=changed_time(f"{time:%H:%M}", note),
        day=_within(' <small class="muted">{}</small>', day_mark(time.date(), day)),
        city=_within("<b>{}</b>" if is_end else '<span class="muted">{}</span>', call.city),
        stop=_within(' <small class="muted">{}</small>', call.name if call.name != call.city else ""),
        hint=_within('<span class="visually-hidden"> – {}</span>', hint),
    )


def deck_rows(deck: DeckView[SeatView], ticked: Collection[str], *, is_open: bool) -> SafeString:
    """`ticked` are the labels of the seats that this visitor has chosen.

    Nothing can be chosen unless the departure `is_open`.
    """
    crew = fill(
        '<span class="seat is-crew" aria-hidden="true"><span class="seat-shape"><b>{}</b></span></span>',
        _("crew"),
    )
    icon = fill(
        '<svg class="icon" aria-hidden="true"><use href="{}#wheelchair"/></svg>', static("img/icons.svg")
    )

    def cell(seat: SeatView | None, place: tuple[int, int]) -> SafeString:
        if seat is None:
            fixture = deck.fixtures.get(place)
            return (
                fill(_FIXTURE, fixture, fixture.label) if fixture else SafeString('<span class="gap"></span>')
            )
        if seat.state == "crew":
            return crew
        return _seat(
            seat, icon, is_ticked=seat.label in ticked, is_closed=not (is_open and seat.is_choosable)
        )

    rows = (
        "".join(cell(seat, (row, column)) for column, seat in enumerate(seats))
        for row, seats in enumerate(deck.rows)
    )
    return mark_safe("".join(f'<div class="seat-row">{row}</div>\n' for row in rows))


@lru_cache(maxsize=5000)
def _seat(seat: SeatView, wheelchair: SafeString, *, is_ticked: bool, is_closed: bool) -> SafeString:
    return fill(
        _SEAT,
        **seat._asdict(),
        ticked=" checked" if is_ticked else "",
        closed=" disabled" if is_closed else "",
        icon=wheelchair if seat.kind == SeatKind.ACCESSIBLE else "",
    )
