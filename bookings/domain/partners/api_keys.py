"""Keys of partners' programs. A key is shown once, when it is made; we keep its hash."""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q
from django.utils.translation import gettext as _

from bookings.base.codes import random_token, sha256
from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.sales.idempotency import run_once
from bookings.models import ApiKey, Partner, PartnerEvent, User

KEY_START: Final = "fbl_"
SHOWN: Final = 12  # characters of a key that people may see
_SECRET_BYTES: Final = 32
_TOUCH_EVERY: Final = timedelta(minutes=5)  # a write for every request would be a waste
_LIMIT: Final = re.compile(r"[1-9]\d{0,5}/\d{0,3}[smh]")


@dataclass(frozen=True)
class NewKey:
    key: ApiKey
    text: str  # what the partner gets; nobody can read it again


def make_key(
    partner: Partner,
    *,
    name: str,
    scopes: Collection[str],
    limit: str = "",
    actor: User | None = None,
    submission: str = "",
    now: datetime | None = None,
) -> NewKey:
    """Raises Refusal for a missing name, an unknown scope or a limit that is none.

    Raises Conflict when `submission` has made its key before: that one cannot be shown again.
    """
    name, now = _clean_name(name), now or database_now()
    fields = {"name": name, "scopes": _clean_scopes(scopes), "limit": _clean_limit(limit)}
    text, made = KEY_START + secrets.token_urlsafe(_SECRET_BYTES), []

    def make() -> str:
        key = ApiKey.objects.create(partner=partner, prefix=text[:SHOWN], key_hash=sha256(text), created_by=actor, created_at=now, **fields)
        words = _("key %(key)s “%(name)s” made for %(scopes)s") % {**_called(key), "scopes": ", ".join(key.scopes)}
        PartnerEvent.objects.record(partner, words, at=now, actor=actor)
        made.append(key)
        return str(key.pk)

    run_once("api-key", submission or random_token(), f"{partner.pk} {name}", make, now=now)
    if not made:
        raise Conflict(_("This key has been made already, and we cannot show it again. Revoke it if it is lost, and make another."))
    return NewKey(made[0], text)


def revoke_key(key_id: int, *, actor: User | None = None, now: datetime | None = None) -> ApiKey:
    """The key opens nothing from now on. Raises Conflict when somebody else was first."""
    key, now = key_called(key_id), now or database_now()
    with short_transaction():
        if not ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=now, revoked_by=actor):
            raise Conflict(_("This key has been revoked already."))
        PartnerEvent.objects.record(key.partner, _("key %(key)s “%(name)s” revoked") % _called(key), at=now, actor=actor)
    return key_called(key_id)


def change_key(
    key_id: int, *, name: str, scopes: Collection[str], limit: str = "", actor: User | None = None, now: datetime | None = None
) -> ApiKey:
    """Raises Conflict for a revoked key, Refusal for what make_key refuses."""
    key, now = key_called(key_id), now or database_now()
    fields = {"name": _clean_name(name), "scopes": _clean_scopes(scopes), "limit": _clean_limit(limit)}
    if all(getattr(key, field) == value for field, value in fields.items()):
        return key
    with short_transaction():
        if not ApiKey.objects.filter(pk=key_id, revoked_at=None).update(**fields):
            raise Conflict(_("This key has been revoked; make a new one."))
        words = _("key %(key)s “%(name)s” now for %(scopes)s, at most %(limit)s") % {
            "key": key.prefix,
            "name": fields["name"],
            "scopes": ", ".join(fields["scopes"]),
            "limit": fields["limit"] or _("the usual"),
        }
        PartnerEvent.objects.record(key.partner, words, at=now, actor=actor)
    return key_called(key_id)


def key_called(key_id: int) -> ApiKey:
    key = ApiKey.objects.select_related("partner").filter(pk=key_id).first()
    if key is None:
        raise NotFound(_("We do not know this key."))
    return key


def find_key(text: str) -> ApiKey | None:
    """The key that a program showed, if it opens anything: known, not revoked, of an active partner."""
    if not text.startswith(KEY_START) or len(text) > 100:
        return None
    return ApiKey.objects.select_related("partner").filter(key_hash=sha256(text), revoked_at=None, partner__is_active=True).first()


def find_prefix(prefix: str) -> ApiKey:
    """The one key that begins so. Raises NotFound, or Conflict when there are several."""
    found = list(ApiKey.objects.select_related("partner").filter(prefix=prefix[:SHOWN])[:2])
    if not found:
        raise NotFound(_("We do not know this key."))
    if len(found) > 1:
        raise Conflict(_("Several keys begin so. Revoke it in the office."))
    return found[0]


def note_use(key: ApiKey, *, now: datetime) -> None:
    """When the key was last used, to some minutes."""
    if key.last_used_at is None or now - key.last_used_at >= _TOUCH_EVERY:
        older = Q(last_used_at=None) | Q(last_used_at__lt=now)
        ApiKey.objects.filter(older, pk=key.pk).update(last_used_at=now)


def _called(key: ApiKey) -> dict[str, str]:
    return {"key": key.prefix, "name": key.name}


def _clean_name(name: str) -> str:
    name = " ".join(name.split())[:60]
    if not name:
        raise Refusal(_("Give the key a name: what it is for."))
    return name


def _clean_scopes(scopes: Collection[str]) -> list[str]:
    wanted = [scope for scope in ApiKey.Scope.values if scope in scopes]
    if not wanted or len(wanted) != len(set(scopes)):
        raise Refusal(_("Choose what the key may do: %(scopes)s.") % {"scopes": ", ".join(ApiKey.Scope.values)})
    return wanted


def _clean_limit(limit: str) -> str:
    limit = limit.strip()
    if limit and not _LIMIT.fullmatch(limit):
        raise Refusal(_("Write the limit as requests per time, such as 120/m or 5000/h; nothing for the usual one."))
    return limit


def live_keys(partner: Partner) -> int:
    return ApiKey.objects.filter(partner=partner, revoked_at=None).count()


def keys_of(partner: Partner) -> list[ApiKey]:
    """Those in use first, then the revoked ones."""
    rows = ApiKey.objects.filter(partner=partner).select_related("created_by", "revoked_by")
    return list(rows.order_by(F("revoked_at").desc(nulls_first=True), "-created_at", "-pk"))
