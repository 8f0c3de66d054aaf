"""Some actions ask once more whether it is still the user who sits there: their password, and a code if they have a second factor."""

from bookings.base.errors import Refusal
from bookings.domain.staff import second_factor
from bookings.domain.staff.approvals import check_own
from bookings.office.access import StaffRequest
from bookings.office.forms.login import OwnProofForm
from bookings.web.refusals import add_refusal


def own_proof(request: StaffRequest) -> OwnProofForm:
    return OwnProofForm(request.POST if request.method == "POST" else None, asks_code=second_factor.has_second_factor(request.user))


def is_proved(request: StaffRequest, form: OwnProofForm) -> bool:
    """Whether the form is right and its password and code are the user's own; else it says what is wrong."""
    if not form.is_valid():
        return False
    try:
        check_own(request.user, form.cleaned_data["password"], form.cleaned_data.get("code", ""))
    except Refusal as refusal:
        add_refusal(form, None, refusal)
    return form.is_valid()
