"""The accounts of the staff: which to list, what is entered about one, and why something is done to it."""

from typing import Any, cast

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.domain.staff.accounts import Profile
from bookings.domain.staff.records import StaffQuery, StaffRecord
from bookings.models import Branch, User
from bookings.office.forms.fields import SubmissionField, ValuesForm
from bookings.web.fields import AddressField, NameField


class StaffFilterForm(forms.Form):
    """Which accounts the list shows; what makes no sense leaves none out."""

    q = forms.CharField(label=_("Name"), required=False, max_length=60)
    role = forms.ChoiceField(label=_("Role"), required=False, choices=[("", _("any")), *User.Role.choices])
    branch = forms.ModelChoiceField(
        Branch.objects.all(), label=_("Branch"), required=False, empty_label=_("any")
    )
    state = forms.ChoiceField(
        label=_("Account"), required=False, choices=[("", _("open")), ("closed", _("closed"))]
    )

    @property
    def query(self) -> StaffQuery:
        self.is_valid()
        cleaned = self.cleaned_data
        return StaffQuery(
            text=cleaned.get("q", "").replace("\x00", ""),
            role=cleaned.get("role", ""),
            branch=cleaned.get("branch"),
            is_active=cleaned.get("state") != "closed",
        )


class ProfileForm(ValuesForm):
    """What a manager enters about a member of staff."""

    first_name = NameField(_("First name"), required=False)
    last_name = NameField(_("Surname"))
    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=_("Branch"), required=False, empty_label=_("none: no till")
    )
    email = AddressField(label=_("E-mail (optional)"), required=False)
    seen = forms.IntegerField(
        widget=forms.HiddenInput, required=False, min_value=0, max_value=2**63 - 1
    )  # the last event shown
    submission = SubmissionField()

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email", "role", "branch"]
        labels = {"role": _("Role")}

    def __init__(self, *args: Any, keeps: Branch | None = None, **kwargs: Any) -> None:
        """`keeps` is a branch that may stay chosen even if it is closed."""
        super().__init__(*args, **kwargs)
        is_offered = Q(is_active=True) | Q(pk=keeps.pk) if keeps else Q(is_active=True)
        cast("forms.ModelChoiceField[Branch]", self.fields["branch"]).queryset = Branch.objects.filter(
            is_offered
        )

    @classmethod
    def of(cls, record: StaffRecord) -> "ProfileForm":
        """The form that shows an account as it is."""
        user = record.user
        return cls(
            initial=forms.model_to_dict(user, cls.Meta.fields) | {"seen": record.last_event_id},
            keeps=user.branch,
        )

    @property
    def profile(self) -> Profile:
        return Profile(**{name: self.cleaned_data[name] for name in self.Meta.fields})


class NewUserForm(ProfileForm):
    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        validators=[User.username_validator],
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )
    field_order = ["username"]


class AccountActionForm(forms.Form):
    """Why something is done to an account."""

    reason = forms.CharField(
        label=_("Why"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    submission = SubmissionField()
