"""What is kept about somebody who asks in person; posted, so that it stands in no address."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from bookings.domain.privacy.erasure import ErasureRequest, erase_orders, review_erasure
from bookings.domain.privacy.export import personal_records, subject_export
from bookings.domain.privacy.subjects import Subject, orders_of
from bookings.models import Erasure
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.privacy import SubjectForm
from bookings.web.erasures import erasure_rows


@staff
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def personal_data(request: StaffRequest) -> HttpResponse:
    form = SubjectForm(request.POST if request.method == "POST" else None)
    context: dict[str, object] = {"form": form}
    is_valid, action = form.is_valid(), request.POST.get("action")
    subject = form.subject
    if not str(subject):
        return render(request, "office/privacy.html", context, status=422 if form.is_bound else 200)
    if action == "download":
        return _file(subject)
    if action == "erase" and is_valid:
        _erase(request, subject)
    orders = orders_of(subject)
    rows = erasure_rows(review_erasure(orders, now=timezone.now()))
    context |= {
        "subject": subject,
        "records": personal_records(orders),
        "rows": rows,
        "can_erase": any(not row.obstacle for row in rows),
    }
    answer = render(request, "office/privacy.html", context, status=422 if form.errors else 200)
    answer["Cache-Control"] = "no-store"
    return answer


def _erase(request: StaffRequest, subject: Subject) -> None:
    request_of_staff = ErasureRequest(subject, Erasure.Cause.STAFF, request.user)
    reviews = erase_orders(orders_of(subject), request_of_staff)
    erased = sum(review.obstacle is None for review in reviews)
    text = ngettext("%(count)d order erased.", "%(count)d orders erased.", erased)
    messages.success(request, text % {"count": erased})


def _file(subject: Subject) -> HttpResponse:
    content = subject_export(subject, orders_of(subject), now=timezone.now())
    answer = HttpResponse(content, content_type="application/zip")
    answer["Content-Disposition"] = 'attachment; filename="personal-data.zip"'
    answer["Cache-Control"] = "no-store"
    return answer
