from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.domain.staff.accounts import Profile
from bookings.models import Branch, User
from bookings.web.people import NAME_LENGTH, check_name


class StaffFilter(forms.Form):
    """What the list of the staff is narrowed to; what makes no sense narrows nothing."""

    q = forms.CharField(label=_("Name"), required=False, max_length=60)
    role = forms.ChoiceField(label=_("Role"), required=False, choices=[("", _("any")), *User.Role.choices])
    branch = forms.ModelChoiceField(Branch.objects.all(), label=_("Branch"), required=False, empty_label=_("any"))
    state = forms.ChoiceField(label=_("Account"), required=False, choices=[("", _("open")), ("closed", _("closed"))])

    def wanted(self) -> dict[str, object]:
        """As `staff_list` takes it."""
        self.is_valid()
        data = self.cleaned_data
        branch = data.get("branch")
        return {
            "text": data.get("q", "").replace("\x00", ""),
            "role": data.get("role", ""),
            "branch": branch.pk if branch else None,
            "is_active": data.get("state") != "closed",
        }


class ProfileForm(forms.Form):
    first_name = forms.CharField(label=_("First name"), max_length=NAME_LENGTH, validators=[check_name])
    last_name = forms.CharField(label=_("Surname"), max_length=NAME_LENGTH, validators=[check_name])
    email = forms.EmailField(label=_("E-mail (if they have one)"), required=False, max_length=254)
    role = forms.ChoiceField(label=_("Role"), choices=User.Role.choices)
    branch = forms.ModelChoiceField(Branch.objects.none(), label=_("Branch"), required=False, empty_label=_("none: no till"))
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**63 - 1)

    def __init__(self, *args: object, keeps: Branch | None = None, **kwargs: object) -> None:
        """`keeps` is a branch that may stay chosen even if it is closed."""
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = Branch.objects.filter(is_active=True) | Branch.objects.filter(pk=keeps.pk if keeps else None)

    @classmethod
    def of(cls, user: User, seen: int) -> "ProfileForm":
        names = ("first_name", "last_name", "email", "role", "branch")
        return cls(initial={name: getattr(user, name) for name in names} | {"seen": seen}, keeps=user.branch)

    def profile(self) -> Profile:
        data = self.cleaned_data
        return Profile(**{name: data[name] for name in ("first_name", "last_name", "email", "role", "branch")})


class NewUserForm(ProfileForm):
    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        validators=[User.username_validator],
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}),
    )
    field_order = ["username"]


class StepForm(forms.Form):
    reason = forms.CharField(label=_("Why"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}))
