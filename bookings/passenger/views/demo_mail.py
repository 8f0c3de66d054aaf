from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bookings.base.errors import NotFound
from bookings.domain.messaging.mail import demo as mails
from bookings.web.access import public


def _only_in_the_demo() -> None:
    if not settings.IS_DEMO:
        raise NotFound(_("We could not find this page."))


@public
@require_safe
@never_cache
def mail_list(request: HttpRequest) -> HttpResponse:
    _only_in_the_demo()
    return render(request, "passenger/demo_mails.html", {"mails": mails.demo_mails()})


@public
@require_safe
@never_cache
def mail_page(request: HttpRequest, name: str) -> HttpResponse:
    _only_in_the_demo()
    return render(request, "passenger/demo_mail.html", {"mail": mails.demo_mail(name)})


@public
@require_safe
@never_cache
def mail_file(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Always a download: what a mail carries is not ours to show."""
    _only_in_the_demo()
    file = mails.demo_file(name, number)
    answer = HttpResponse(file.content, content_type=file.kind)
    answer["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return answer
