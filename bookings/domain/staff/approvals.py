"""A second person approves what a clerk may not do alone, on the clerk's screen, with their own password and
code.
"""

from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.domain.staff.credentials import check_code, count_wrong, is_password_of, refuse_guessing
from bookings.models import Branch, User


def approve(username: str, password: str, code: str, *, for_user: User, branch: Branch | None = None) -> User:
    """The other person who approves what `for_user` is doing: a supervisor (of `branch`, if it is given) or
    any manager.

    Call it before a transaction begins: a wrong try is counted, and the count must outlive the refusal.
    Raises Refusal, and TooMany after five wrong tries.
    """
    username = username.strip()
    if username == for_user.username:
        raise Refusal(_("Somebody else must approve this: you cannot approve your own action."))
    refuse_guessing(username, for_user)
    person = User.objects.filter(username=username, is_active=True).first()
    if not is_password_of(person, password) or person is None:
        count_wrong(username, for_user)
        raise Refusal(_("The user name or password of the approving person is incorrect."))
    if not _may_approve(person, branch):
        raise Refusal(
            _("%(name)s may not approve this. Ask a supervisor of this branch, or a manager.")
            % {"name": person.display_name}
        )
    if person.has_initial_password:
        raise Refusal(
            _("%(name)s must choose a password of their own before approving anything.")
            % {"name": person.display_name}
        )
    check_code(person, code, typed_by=for_user)
    return person


def _may_approve(person: User, branch: Branch | None) -> bool:
    if not person.may_approve:
        return False
    return branch is None or person.role == User.Role.MANAGER or person.branch_id == branch.pk
