from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.base.money import format_zar
from bookings.base.params import read_int
from bookings.domain.counter.owed_refunds import owed_page
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.owed import OwedFilter
from bookings.office.policy import may
from bookings.office.presenters.owed_refunds import owed_figures, owed_rows
from bookings.web.paging import filtered_links


@staff
@require_safe
def owed(request: StaffRequest) -> HttpResponse:
    """All that is owed to customers and not paid yet, the oldest first."""
    now, form = timezone.now(), OwedFilter(request.GET)
    way, age = form.chosen_way, form.chosen_age
    number = read_int(request.GET.get("page", ""), default=1, most=99_999)
    page = owed_page(request.user, way=way, age=age, page=number, now=now)
    chosen = {"way": way or "", "age": age or ""}
    role = request.user.role
    rows = owed_rows(
        page,
        may_pay_out=may(role, "pay_refund", "POST"),
        may_enter_details=may(role, "bank_details", "POST"),
        now=now,
    )
    context = {
        "form": form,
        "rows": list(rows),
        "figures": owed_figures(page, now=now),
        "total": format_zar(page.total),
        "links": filtered_links(page.page, page.pages, chosen),
    }
    return render(request, "office/owed.html", context)
