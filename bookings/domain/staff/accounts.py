"""The accounts of the staff, as a manager keeps them: who may sign in, in which role, at which branch."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from bookings.base.codes import random_code
from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.database.transactions import database_now
from bookings.domain.sales.idempotency import run_once
from bookings.domain.staff.roles import ADMIN_READERS
from bookings.domain.staff.second_factor import drop_second_factor, has_second_factor
from bookings.models import Branch, Shift, StaffEvent, User


@dataclass(frozen=True)
class Profile:
    """What a manager enters about a member of staff."""

    first_name: str
    last_name: str
    email: str
    role: str
    branch: Branch | None


def add_user(
    username: str, profile: Profile, *, actor: User, submission: str, now: datetime | None = None
) -> tuple[User, str]:
    """Make an account, once per `submission`; returns it with its initial password, which is empty when the
    same comes again.

    Raises Refusal for a user name that is taken.
    """
    now, password = now or database_now(), _initial_password()
    new_passwords: list[str] = []

    def action() -> str:
        _lock_account(actor)
        if User.objects.filter(username__iexact=username).exists():
            raise Refusal(_("There is already a user %(name)s.") % {"name": username})
        user = User(username=username, has_initial_password=True, **_fields(profile))
        user.set_password(password)
        user.save()
        StaffEvent.objects.record(
            user, _("account created: %(what)s") % {"what": _summary(profile)}, actor=actor, at=now
        )
        new_passwords.append(password)
        return str(user.pk)

    user_id = run_once("staff-new", submission, repr((username, profile)), action=action, now=now)
    return User.objects.get(pk=int(user_id)), "".join(new_passwords)


def change_user(
    user_id: int,
    profile: Profile,
    *,
    last_event_id: int,
    actor: User,
    submission: str,
    now: datetime | None = None,
) -> User:
    """Change names, role and branch, once per `submission`. `last_event_id` is the last event of the account
    that the actor knew of.

    Raises Conflict if somebody changed it meanwhile; Refusal for one's own role, or another branch while a
    till is open there.
    """

    def action(user: User, now: datetime) -> None:
        if find_last_event_id(user) != last_event_id:
            raise Conflict(_("Somebody else has just changed this account. Please check again."))
        if user == actor and profile.role != user.role:
            raise Refusal(_("You cannot change your own role. Ask another manager."))
        if profile.branch != user.branch and Shift.objects.filter(clerk=user, closed_at=None).exists():
            raise Refusal(
                _("Their till is still open. They must count and close it before they go to another branch.")
            )
        changes = _changes(user, profile)
        if changes:
            User.objects.filter(pk=user.pk).update(**_fields(profile))
            StaffEvent.objects.record(user, changes, actor=actor, at=now)

    _act(
        "staff-change",
        user_id,
        action,
        actor=actor,
        submission=submission,
        content=repr((profile, last_event_id)),
        now=now,
    )
    return User.objects.get(pk=user_id)


def reset_password(
    user_id: int, *, reason: str, actor: User, submission: str, now: datetime | None = None
) -> str:
    """Set a new initial password, which ends the sessions of the account; empty when the same `submission`
    comes again.

    Raises Refusal for one's own account or a closed one.
    """
    new_passwords: list[str] = []

    def action(user: User, now: datetime) -> None:
        if not user.is_active:
            raise Refusal(_("This account is closed. Open it again first."))
        new_passwords.append(_set_initial_password(user))
        StaffEvent.objects.record(
            user, _("new initial password; sessions ended"), actor=actor, reason=reason, at=now
        )

    _act(
        "staff-password",
        user_id,
        action,
        actor=actor,
        submission=submission,
        content=reason,
        now=now,
        on_others=True,
    )
    return "".join(new_passwords)


def reset_second_factor(
    user_id: int, *, reason: str, actor: User, submission: str, now: datetime | None = None
) -> None:
    """Let somebody sign in whose phone and recovery codes are lost.

    Raises Conflict if they have no second factor.
    """

    def action(user: User, now: datetime) -> None:
        if not has_second_factor(user):
            raise Conflict(_("They have no second factor to reset."))
        drop_second_factor(user, actor=actor, reason=reason)

    _act(
        "staff-factor",
        user_id,
        action,
        actor=actor,
        submission=submission,
        content=reason,
        now=now,
        on_others=True,
    )


def close_account(
    user_id: int, *, reason: str, actor: User, submission: str, now: datetime | None = None
) -> None:
    """End the sessions with their next request and let nobody sign in.

    Old sessions stay dead if the account is opened again.
    """

    def action(user: User, now: datetime) -> None:
        if not user.is_active:
            raise Conflict(_("This account is already closed."))
        user.is_active = False
        user.set_unusable_password()
        user.save(update_fields=["is_active", "password"])
        StaffEvent.objects.record(
            user, _("account closed; sessions ended"), actor=actor, reason=reason, at=now
        )

    _act(
        "staff-close",
        user_id,
        action,
        actor=actor,
        submission=submission,
        content=reason,
        now=now,
        on_others=True,
    )


def reopen_account(
    user_id: int, *, reason: str, actor: User, submission: str, now: datetime | None = None
) -> str:
    """Open a closed account with an initial password; it is empty when the same `submission` comes again."""
    new_passwords: list[str] = []

    def action(user: User, now: datetime) -> None:
        if user.is_active:
            raise Conflict(_("This account is already open."))
        User.objects.filter(pk=user.pk).update(is_active=True)
        new_passwords.append(_set_initial_password(user))
        StaffEvent.objects.record(user, _("account opened again"), actor=actor, reason=reason, at=now)

    _act(
        "staff-open",
        user_id,
        action,
        actor=actor,
        submission=submission,
        content=reason,
        now=now,
        on_others=True,
    )
    return "".join(new_passwords)


def find_last_event_id(user: User) -> int:
    """The number of the last thing that happened to the account; 0 if nothing did."""
    return StaffEvent.objects.filter(user=user).order_by("-pk").values_list("pk", flat=True).first() or 0


def _act(
    scope: str,
    user_id: int,
    action: Callable[[User, datetime], None],
    *,
    actor: User,
    submission: str,
    content: str,
    now: datetime | None,
    on_others: bool = False,
) -> None:
    """Run `action` on the locked account, once per `submission`.

    `on_others` refuses the manager's own account.
    """
    at = now or database_now()

    def locked() -> str:
        user = _lock_account(actor, user_id)
        if on_others and user == actor:
            raise Refusal(_("You cannot do this to your own account. Ask another manager."))
        action(user, at)
        return str(user_id)

    run_once(scope, submission, f"{user_id} {content}", action=locked, now=at)


def _lock_account(actor: User, user_id: int | None = None) -> User:
    """The account, locked together with the manager who acts.

    Of two who close each other's account one comes too late.
    """
    rows = (
        User.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk__in={actor.pk, user_id or actor.pk})
        .order_by("pk")
    )
    locked = {row.pk: row for row in rows.select_related("branch")}
    manager = locked.get(actor.pk)
    if manager is None or not manager.is_active or manager.role != User.Role.MANAGER:
        raise Conflict(_("You are no longer a manager."))
    user = locked.get(user_id or actor.pk)
    if user is None:
        raise NotFound(_("There is no such user."))
    if user.is_superuser and user != actor:
        raise Refusal(_("This account is managed by the system administrator."))
    return user


def _set_initial_password(user: User) -> str:
    password = _initial_password()
    user.set_password(password)
    user.has_initial_password = True
    user.save(update_fields=["password", "has_initial_password"])
    return password


def _initial_password() -> str:
    """60 random bits, easy to read out."""
    return "-".join(random_code(4).lower() for _part in range(3))


def _fields(profile: Profile) -> dict[str, Any]:
    """The columns of the profile, and whether the role enters Django's admin."""
    names = ("first_name", "last_name", "email", "role", "branch")
    return {name: getattr(profile, name) for name in names} | {"is_staff": profile.role in ADMIN_READERS}


def _summary(profile: Profile) -> str:
    role, branch = User.Role(profile.role).label, profile.branch.name if profile.branch else _("no branch")
    return f"{profile.first_name} {profile.last_name}, {role}, {branch}"


def _changes(user: User, profile: Profile) -> str:
    """What differs from before: "role: clerk → supervisor; …"."""
    labels = {
        "first_name": _("first name"),
        "last_name": _("surname"),
        "email": _("e-mail"),
        "role": _("role"),
        "branch": _("branch"),
    }
    before_after = [
        (label, getattr(user, name) or "–", getattr(profile, name) or "–") for name, label in labels.items()
    ]
    return "; ".join(
        f"{label}: {before} → {after}" for label, before, after in before_after if before != after
    )
