"""Keys of partners' programs. A key is shown once, when it is made; we keep its hash."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
class KeyTerms:
    """What a key is for, what it may do, and how often: a limit such as 120/m, or empty for the usual one."""

    name: str
    scopes: Sequence[str]
    limit: str = ""

    def cleaned(self) -> KeyTerms:
        """Raises Refusal for a missing name, an unknown scope or a limit that is none."""
        name, limit = " ".join(self.name.split())[:60], self.limit.strip()
        scopes = [scope for scope in ApiKey.Scope.values if scope in self.scopes]
        if not name:
            raise Refusal(_("Enter what the key is for."))
        if not scopes or len(scopes) != len(set(self.scopes)):
            raise Refusal(
                _("Choose what the key may do: %(scopes)s.") % {"scopes": ", ".join(ApiKey.Scope.values)}
            )
        if limit and not _LIMIT.fullmatch(limit):
            raise Refusal(
                _(
                    "Enter the limit as requests per time, such as 120/m or 5000/h; leave it empty for the "
                    "default."
                )
            )
        return KeyTerms(name, scopes, limit)


@dataclass(frozen=True)
class NewKey:
    """A key that was made just now, with the text that nobody can read again."""

    key: ApiKey
    text: str


def make_key(
    partner: Partner,
    terms: KeyTerms,
    *,
    actor: User | None = None,
    submission: str = "",
    now: datetime | None = None,
) -> NewKey:
    """Create a key of a partner. Raises Refusal for terms that make no sense.

    Raises Conflict when `submission` has made its key before: that one cannot be shown again.
    """
    terms, at = terms.cleaned(), now or database_now()
    text, new_keys = KEY_START + secrets.token_urlsafe(_SECRET_BYTES), list[ApiKey]()

    def make() -> str:
        key = ApiKey.objects.create(
            partner=partner,
            prefix=text[:SHOWN],
            key_hash=sha256(text),
            created_by=actor,
            created_at=at,
            **asdict(terms),
        )
        what = _("key %(key)s “%(name)s” created for %(scopes)s") % {
            **_label(key),
            "scopes": ", ".join(key.scopes),
        }
        PartnerEvent.objects.record(partner, what, at=at, actor=actor)
        new_keys.append(key)
        return str(key.pk)

    run_once("api-key", submission or random_token(), f"{partner.pk} {terms.name}", action=make, now=at)
    if not new_keys:
        raise Conflict(
            _(
                "This key has already been created and cannot be shown again. If it is lost, revoke it and "
                "create another."
            )
        )
    return NewKey(new_keys[0], text)


def revoke_key(key_id: int, *, actor: User | None = None, now: datetime | None = None) -> ApiKey:
    """Let the key open nothing from now on. Raises Conflict when somebody else was first."""
    key, now = get_key(key_id), now or database_now()
    with short_transaction():
        if not ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=now, revoked_by=actor):
            raise Conflict(_("This key has already been revoked."))
        PartnerEvent.objects.record(
            key.partner, _("key %(key)s “%(name)s” revoked") % _label(key), at=now, actor=actor
        )
    return get_key(key_id)


def change_key(
    key_id: int, terms: KeyTerms, *, actor: User | None = None, now: datetime | None = None
) -> ApiKey:
    """Give a key another name, other scopes or another limit.

    Raises Conflict for a revoked key, Refusal for what make_key refuses.
    """
    key, now, terms = get_key(key_id), now or database_now(), terms.cleaned()
    if terms == KeyTerms(key.name, key.scopes, key.limit):
        return key
    with short_transaction():
        if not ApiKey.objects.filter(pk=key_id, revoked_at=None).update(**asdict(terms)):
            raise Conflict(_("This key has been revoked; create a new one."))
        what = _("key %(key)s “%(name)s” now for %(scopes)s, at most %(limit)s") % {
            "key": key.prefix,
            "name": terms.name,
            "scopes": ", ".join(terms.scopes),
            "limit": terms.limit or _("the default"),
        }
        PartnerEvent.objects.record(key.partner, what, at=now, actor=actor)
    return get_key(key_id)


def get_key(key_id: int) -> ApiKey:
    """The key with its partner. Raises NotFound."""
    key = ApiKey.objects.select_related("partner").filter(pk=key_id).first()
    if key is None:
        raise NotFound(_("We could not find this key."))
    return key


def find_key(text: str) -> ApiKey | None:
    """The key that a program sent, if it opens anything: known, not revoked, of an active partner."""
    if not text.startswith(KEY_START) or len(text) > 100:
        return None
    return (
        ApiKey.objects.select_related("partner")
        .filter(key_hash=sha256(text), revoked_at=None, partner__is_active=True)
        .first()
    )


def get_key_by_prefix(prefix: str) -> ApiKey:
    """The one key that begins so. Raises NotFound, or Conflict when there are several."""
    keys = list(ApiKey.objects.select_related("partner").filter(prefix=prefix[:SHOWN])[:2])
    if not keys:
        raise NotFound(_("We could not find this key."))
    if len(keys) > 1:
        raise Conflict(_("Several keys begin like this. Revoke it in the office."))
    return keys[0]


def note_use(key: ApiKey, *, now: datetime) -> None:
    """Write down when the key was last used, every five minutes at most."""
    if key.last_used_at is None or now - key.last_used_at >= _TOUCH_EVERY:
        older = Q(last_used_at=None) | Q(last_used_at__lt=now)
        ApiKey.objects.filter(older, pk=key.pk).update(last_used_at=now)


def count_live_keys(partner: Partner) -> int:
    """How many of the partner's keys were not revoked."""
    return ApiKey.objects.filter(partner=partner, revoked_at=None).count()


def list_keys(partner: Partner) -> list[ApiKey]:
    """The partner's keys: those in use first, then the revoked ones."""
    rows = ApiKey.objects.filter(partner=partner).select_related("created_by", "revoked_by")
    return list(rows.order_by(F("revoked_at").desc(nulls_first=True), "-created_at", "-pk"))


def _label(key: ApiKey) -> dict[str, str]:
    return {"key": key.prefix, "name": key.name}
