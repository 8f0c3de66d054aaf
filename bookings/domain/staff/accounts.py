"""The accounts of the staff, as a manager keeps them: who may sign in, as what, and where they work."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from bookings.base.codes import random_code
from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.database.transactions import database_now
from bookings.domain.sales.idempotency import run_once
from bookings.domain.staff.second_factor import drop_second_factor, has_second_factor
from bookings.models import Branch, Shift, StaffEvent, User

ADMIN_READERS: Final = frozenset({User.Role.MANAGER, User.Role.AUDITOR})  # who enters Django's admin


@dataclass(frozen=True)
class Profile:
    first_name: str
    last_name: str
    email: str
    role: str
    branch: Branch | None


def add_user(username: str, profile: Profile, *, actor: User, submission: str, now: datetime | None = None) -> tuple[User, str]:
    """A new user with an initial password, which is told this once: sent again, the answer is the user and no password."""
    now, password = now or database_now(), _initial_password()
    told: list[str] = []

    def action() -> str:
        _managing(actor)
        if User.objects.filter(username__iexact=username).exists():
            raise Refusal(_("There is a user %(name)s already.") % {"name": username})
        user = User(username=username, has_initial_password=True, **_fields(profile))
        user.set_password(password)
        user.save()
        StaffEvent.objects.record(user, _("account made: %(what)s") % {"what": _words(profile)}, actor=actor, at=now)
        told.append(password)
        return str(user.pk)

    made = run_once("staff-new", submission, repr((username, profile)), action, now=now)
    return User.objects.get(pk=int(made)), "".join(told)


def change_user(user_id: int, profile: Profile, *, seen: int, actor: User, submission: str, now: datetime | None = None) -> User:
    """Names, role and branch. `seen` is the last event of the account that the actor knew of.

    Raises Conflict if somebody changed it meanwhile; Refusal for one's own role, or another branch while a till is open there.
    """

    def action(user: User, now: datetime) -> None:
        if last_event(user) != seen:
            raise Conflict(_("Somebody else changed this account meanwhile. Please look again."))
        if user == actor and profile.role != user.role:
            raise Refusal(_("Nobody changes their own role. Ask another manager."))
        if profile.branch != user.branch and Shift.objects.filter(clerk=user, closed_at=None).exists():
            raise Refusal(_("Their till is still open. They must count and close it before they go to another branch."))
        what = _differences(user, profile)
        if what:
            User.objects.filter(pk=user.pk).update(**_fields(profile))
            StaffEvent.objects.record(user, what, actor=actor, at=now)

    _act("staff-change", user_id, action, actor=actor, submission=submission, content=repr((profile, seen)), now=now)
    return User.objects.get(pk=user_id)


def give_password(user_id: int, *, reason: str, actor: User, submission: str, now: datetime | None = None) -> str:
    """A new initial password, told this once; their sessions end."""
    told: list[str] = []

    def action(user: User, now: datetime) -> None:
        if not user.is_active:
            raise Refusal(_("This account is closed. Open it again first."))
        told.append(_let_in(user))
        StaffEvent.objects.record(user, _("new initial password; sessions ended"), actor=actor, reason=reason, at=now)

    _act("staff-password", user_id, action, actor=actor, submission=submission, content=reason, now=now, on_others=True)
    return "".join(told)


def reset_second_factor(user_id: int, *, reason: str, actor: User, submission: str, now: datetime | None = None) -> None:
    """For somebody whose phone and recovery codes are lost."""

    def action(user: User, now: datetime) -> None:
        if not has_second_factor(user):
            raise Conflict(_("They have no second factor that could be reset."))
        drop_second_factor(user, actor=actor, reason=reason)

    _act("staff-factor", user_id, action, actor=actor, submission=submission, content=reason, now=now, on_others=True)


def close_account(user_id: int, *, reason: str, actor: User, submission: str, now: datetime | None = None) -> None:
    """Their sessions end with the next request; those of before stay dead when the account is opened again."""

    def action(user: User, now: datetime) -> None:
        if not user.is_active:
            raise Conflict(_("This account is closed already."))
        user.is_active = False
        user.set_unusable_password()
        user.save(update_fields=["is_active", "password"])
        StaffEvent.objects.record(user, _("account closed; sessions ended"), actor=actor, reason=reason, at=now)

    _act("staff-close", user_id, action, actor=actor, submission=submission, content=reason, now=now, on_others=True)


def open_account(user_id: int, *, reason: str, actor: User, submission: str, now: datetime | None = None) -> str:
    """Open a closed account again, with an initial password that is told this once."""
    told: list[str] = []

    def action(user: User, now: datetime) -> None:
        if user.is_active:
            raise Conflict(_("This account is open already."))
        User.objects.filter(pk=user.pk).update(is_active=True)
        told.append(_let_in(user))
        StaffEvent.objects.record(user, _("account opened again"), actor=actor, reason=reason, at=now)

    _act("staff-open", user_id, action, actor=actor, submission=submission, content=reason, now=now, on_others=True)
    return "".join(told)


def last_event(user: User) -> int:
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
    now = now or database_now()

    def locked() -> str:
        user = _managing(actor, user_id)
        if on_others and user == actor:
            raise Refusal(_("Nobody does this to their own account. Ask another manager."))
        action(user, now)
        return str(user_id)

    run_once(scope, submission, f"{user_id} {content}", locked, now=now)


def _managing(actor: User, user_id: int | None = None) -> User:
    """The user, locked together with the manager who acts: of two who close each other's account one comes too late."""
    rows = User.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in={actor.pk, user_id or actor.pk}).order_by("pk")
    locked = {row.pk: row for row in rows.select_related("branch")}
    manager = locked.get(actor.pk)
    if manager is None or not manager.is_active or manager.role != User.Role.MANAGER:
        raise Conflict(_("You are no manager any more."))
    user = locked.get(user_id or actor.pk)
    if user is None:
        raise NotFound(_("There is no such user."))
    if user.is_superuser and user != actor:
        raise Refusal(_("This account is kept by whoever runs the servers."))
    return user


def _let_in(user: User) -> str:
    password = _initial_password()
    user.set_password(password)
    user.has_initial_password = True
    user.save(update_fields=["password", "has_initial_password"])
    return password


def _initial_password() -> str:
    """60 random bits, easy to read out."""
    return "-".join(random_code(4).lower() for _part in range(3))


def _fields(profile: Profile) -> dict[str, object]:
    return {**{each.name: getattr(profile, each.name) for each in fields(profile)}, "is_staff": profile.role in ADMIN_READERS}


def _words(profile: Profile) -> str:
    role, branch = User.Role(profile.role).label, profile.branch.name if profile.branch else _("no branch")
    return f"{profile.first_name} {profile.last_name}, {role}, {branch}"


def _differences(user: User, profile: Profile) -> str:
    """What is another than before, "role: clerk → supervisor; …"."""
    labels = {"first_name": _("first name"), "last_name": _("surname"), "email": _("e-mail"), "role": _("role"), "branch": _("branch")}
    before_after = [(label, getattr(user, name) or "–", getattr(profile, name) or "–") for name, label in labels.items()]
    return "; ".join(f"{label}: {before} → {after}" for label, before, after in before_after if before != after)
