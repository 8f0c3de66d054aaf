"""The stops of a departure as chips above its manifest and its check-in."""

from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.domain.boarding.manifest import Manifest, Passenger, StopList
from bookings.domain.boarding.reversal import Reversal


@dataclass(frozen=True)
class StopChip:
    address: str
    text: str
    time: str = ""
    is_current: bool = False


def stop_query(stop: StopList | None) -> str:
    return f"?stop={stop.position}" if stop else ""


def manifest_chips(manifest: Manifest) -> list[StopChip]:
    """The whole way, then each stop."""
    chosen = manifest.stop
    whole = StopChip(
        reverse("office:manifest", args=[manifest.schedule_id]), _("Whole trip"), is_current=chosen is None
    )
    return [whole, *(_chip(stop, is_current=stop is chosen) for stop in manifest.stops)]


def boarding_chips(manifest: Manifest, shown: StopList) -> list[StopChip]:
    """The stops where somebody can board, and the last one, where the coach arrives."""
    return [_chip(stop, is_current=stop.position == shown.position) for stop in manifest.stops]


def only_found(stop: StopList, text: str) -> StopList:
    """The same stop, with all hidden whom the text does not find."""
    if not text:
        return stop
    ons, offs, standby = (_only_found(people, text) for people in (stop.ons, stop.offs, stop.standby))
    return replace(stop, ons=ons, offs=offs, standby=standby)


def _only_found(passengers: tuple[Passenger, ...], text: str) -> tuple[Passenger, ...]:
    return tuple(replace(passenger, is_hidden=not passenger.is_found_by(text)) for passenger in passengers)


def reversal_text(step: str, reversal: Reversal) -> str:
    """What undoing a `departure` from a stop, or its closing, brought back."""
    texts = [_("the coach stands here again") if step == "departure" else _("boarding is open again")]
    if reversal.expected_again:
        texts.append(_("%(count)d expected again") % {"count": reversal.expected_again})
    if reversal.seats_gone:
        texts.append(
            _("%(count)d no-shows stay, as their seats were given away") % {"count": reversal.seats_gone}
        )
    return _("Undone: %(what)s.") % {"what": ", ".join(texts)}


def _chip(stop: StopList, *, is_current: bool) -> StopChip:
    return StopChip(stop_query(stop), stop.city, stop.departs or stop.arrives, is_current)
