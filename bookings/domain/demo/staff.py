from typing import Final

from bookings.base.codes import random_code
from bookings.models import User

_NAMES: Final = {
    User.Role.CLERK: ("Nomsa", "Dlamini"),
    User.Role.SUPERVISOR: ("Pieter", "Visagie"),
    User.Role.DISPATCHER: ("Tebogo", "Mokoena"),
    User.Role.MANAGER: ("Priya", "Naidoo"),
    User.Role.AUDITOR: ("Anele", "Jacobs"),
}


def make_staff(*, reset_password: bool = False) -> str:
    """One user for each role, named like it. The answer is the new password of them all, or nothing if it stays as it was."""
    known = {user.username: user for user in User.objects.filter(username__in=_NAMES)}
    if len(known) == len(_NAMES) and not reset_password:
        return ""
    password = "-".join(random_code(4).lower() for _part in range(3))
    for role, (first_name, last_name) in _NAMES.items():
        user = known.get(role) or User(
            username=role, role=role, first_name=first_name, last_name=last_name, email=f"{role}@example.org", is_staff=True
        )
        user.set_password(password)
        user.save()
    return password


def demo_clerk() -> User:
    return User.objects.get(username=User.Role.CLERK)
