"""The second factor of staff.

Codes of an app on their phone (TOTP), and recovery codes for the day the phone is gone.
"""

from base64 import b32encode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final

from argon2.low_level import Type, hash_secret_raw
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from bookings.base.codes import normal_code, random_code, random_token, sha256
from bookings.base.errors import Refusal, TooMany
from bookings.database.transactions import database_now
from bookings.domain.staff.roles import SECOND_FACTOR_ROLES
from bookings.models import StaffEvent, StaffTask, User

RECOVERY_CODES: Final = 10
_LENGTH: Final = 10  # 50 random bits each
_HASH_LENGTH: Final = 16  # of a code, as its column holds; the code itself is never stored
_SET: Final = "recovery"
# Of a recovery code's hash. Fixed: any other would make all codes that were given out worthless.
_COST: Final = {"time_cost": 2, "memory_cost": 102_400, "parallelism": 8}


@dataclass(frozen=True)
class Enrolment:
    """The key of an app: as an address for a QR code, and as text to type."""

    address: str
    key: str


def is_needed(user: User) -> bool:
    """Whether this user may not work without a second factor, where SECOND_FACTOR_FORCED is on."""
    return bool(settings.SECOND_FACTOR_FORCED and (user.role in SECOND_FACTOR_ROLES or user.is_superuser))


def has_second_factor(user: User) -> bool:
    """Whether one is set up, for any session of the user."""
    is_set_up: bool = TOTPDevice.objects.filter(user=user, confirmed=True).exists()
    return is_set_up


def recovery_codes_left(user: User) -> int:
    """How many recovery codes were not used yet."""
    device = StaticDevice.objects.filter(user=user).first()
    return device.token_set.count() if device else 0


def start_enrolment(user: User) -> None:
    """Make a new key. The old one counts until a code of the new one has been given."""
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user, confirmed=False).delete()
        TOTPDevice.objects.create(user=user, name="app", confirmed=False)


def find_enrolment(user: User) -> Enrolment | None:
    """The enrolment that was started last and is not finished."""
    device = TOTPDevice.objects.filter(user=user, confirmed=False).order_by("-pk").first()
    if device is None:
        return None
    key = b32encode(device.bin_key).decode().rstrip("=")
    return Enrolment(device.config_url, " ".join(key[at : at + 4] for at in range(0, len(key), 4)))


def finish_enrolment(user: User, code: str) -> list[str]:
    """Take the new key into use once its first code is right; the answer is the recovery codes, which nobody
    can show again.

    Raises Refusal for a wrong code, TooMany after several.
    """
    with transaction.atomic():
        device = (
            TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).order_by("-pk").first()
        )
        if device and _is_right(device, _digits(code)):
            TOTPDevice.objects.filter(user=user).exclude(pk=device.pk).delete()
            TOTPDevice.objects.filter(pk=device.pk).update(confirmed=True)
            StaffEvent.objects.record(user, _("second factor set up"), actor=user, at=database_now())
            return _renew_recovery_codes(user)
    if device is None:
        raise Refusal(_("This has already been done. Start again if you want a new key."))
    raise Refusal(
        _(
            "The code is incorrect. Wait for the next one in the app, and check that the clock of your "
            "phone is right."
        )
    )


def renew_recovery_codes(user: User) -> list[str]:
    """New recovery codes; the old ones open nothing any more. Raises Refusal without a second factor."""
    if not has_second_factor(user):
        raise Refusal(_("Set up the second factor first."))
    with transaction.atomic():
        StaffEvent.objects.record(user, _("new recovery codes"), actor=user, at=database_now())
        return _renew_recovery_codes(user)


def _renew_recovery_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name=f"{_SET} {random_token()}")
    codes = [random_code(_LENGTH) for _number in range(RECOVERY_CODES)]
    device.token_set.bulk_create(
        [device.token_set.model(device=device, token=_hash(code, device)) for code in codes]
    )
    half = _LENGTH // 2
    return [f"{code[:half]}-{code[half:]}" for code in codes]


def drop_second_factor(user: User, *, actor: User | None = None, reason: str = "") -> None:
    """Switch the second factor off and delete the recovery codes. No actor: a command on the server.

    Whose it is did not do it: a task asks whether they wanted it.
    """
    with transaction.atomic():
        now = database_now()
        StaffEvent.objects.record(user, _("second factor switched off"), actor=actor, reason=reason, at=now)
        if actor != user:
            _tell_of_reset(user, actor, reason, now)
        TOTPDevice.objects.filter(user=user).delete()
        StaticDevice.objects.filter(user=user).delete()


def _tell_of_reset(user: User, actor: User | None, reason: str, now: datetime) -> None:
    facts = {
        "name": user.display_name,
        "actor": actor.display_name if actor else _("a command on the server"),
    }
    detail = _("Ask %(name)s whether they wanted it; it was done by %(actor)s.") % facts
    StaffTask.objects.bulk_create(
        [
            StaffTask(
                kind=StaffTask.Kind.SECOND_FACTOR_RESET,
                subject=f"user:{user.pk}",
                detail=f"{detail} {reason}".strip(),
                created_at=now,
            )
        ],
        ignore_conflicts=True,  # one that is open still asks
    )


def is_valid_code(user: User, code: str) -> bool:
    """Whether `code` is the app's present one, or an unused recovery code; either counts once.

    Raises TooMany while the wait after wrong ones lasts.
    """
    digits = _digits(code)
    with transaction.atomic():
        if digits:
            device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True).first()
            return device is not None and _is_right(device, digits)
        static = StaticDevice.objects.select_for_update().filter(user=user).first()
        return static is not None and _is_right(static, _hash(normal_code(code), static))


def _hash(code: str, device: StaticDevice) -> str:
    """A recovery code as it is kept: by Argon2, at the cost of a password, with the salt of its set.

    A set from before has no salt: its codes count as they are until they are renewed.
    """
    salt = device.name.removeprefix(_SET).strip()
    if not salt:
        return sha256(code)[:_HASH_LENGTH]
    digest = hash_secret_raw(
        code.encode(), salt.encode(), hash_len=_HASH_LENGTH * 3 // 4, type=Type.ID, **_COST
    )
    return urlsafe_b64encode(digest).decode()


def _digits(code: str) -> str:
    """The six digits of an app's code, however they were spaced; empty if it is none."""
    bare = "".join(code.split())
    return bare if len(bare) == 6 and bare.isascii() and bare.isdigit() else ""


def _is_right(device: TOTPDevice | StaticDevice, code: str) -> bool:
    may_try, limit = device.verify_is_allowed()
    if not may_try:
        seconds = max(1, ceil((limit["locked_until"] - timezone.now()).total_seconds()))
        raise TooMany(
            _("Too many wrong codes. Please wait %(seconds)d s.") % {"seconds": seconds}, retry_after=seconds
        )
    is_right: bool = device.verify_token(code)
    return is_right
