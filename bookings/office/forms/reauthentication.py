"""The user proves again who they are, before something that somebody at their unlocked screen could abuse."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.base.errors import Refusal
from bookings.domain.staff.reauthentication import reauthenticate
from bookings.domain.staff.second_factor import has_second_factor
from bookings.models import User
from bookings.office.access import StaffRequest
from bookings.office.forms.fields import CodeField, PasswordField
from bookings.web.refusals import add_refusal


class ReauthenticationForm(forms.Form):
    """The user's password, and a code of those who have a second factor."""

    password = PasswordField(_("Your password"))
    code = CodeField(_("Code from your app, or a recovery code"), required=False)

    def __init__(self, *args: Any, user: User, asks_code: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if not asks_code:
            del self.fields["code"]

    @classmethod
    def of(cls, request: StaffRequest) -> ReauthenticationForm:
        """Bound if the request is a POST."""
        return cls(
            request.POST if request.method == "POST" else None,
            user=request.user,
            asks_code=has_second_factor(request.user),
        )

    def is_reauthenticated(self) -> bool:
        """Whether the form is valid and password and code are the user's; else it says what is wrong.

        To be called outside of a transaction: a wrong try is counted, and the count must outlive the refusal.
        """
        if not self.is_valid():
            return False
        try:
            reauthenticate(self.user, self.cleaned_data["password"], self.cleaned_data.get("code", ""))
        except Refusal as refusal:
            add_refusal(self, None, refusal)
        return self.is_valid()
