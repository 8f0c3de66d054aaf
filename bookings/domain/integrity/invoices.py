"""What must always be true of tax invoices and credit notes. Queries that should find nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from bookings.domain.tickets.invoices import outdated_invoices
from bookings.models import Invoice, InvoiceLine, InvoiceSeries, OrderLine, Total

_AMOUNT: Final = Invoice._meta.get_field("total")
_CORRECTING_TIME: Final = timedelta(days=2)


def invoice_numbers_have_no_gaps(now: datetime) -> Iterator[object]:
    """Each series has all numbers from 1 to its last one, and documents of one kind."""
    used = InvoiceSeries.objects.annotate(
        documents=Count("invoices"),
        first=Coalesce(Min("invoices__number"), 1),
        last=Coalesce(Max("invoices__number"), 0),
    )
    whole = Q(documents=F("last_number"), last=F("last_number"), first=1)
    yield from used.exclude(whole).values_list("code", flat=True)
    series = {
        Invoice.Kind.CREDIT_NOTE: InvoiceSeries.CREDIT_NOTES,
        Invoice.Kind.INVOICE: InvoiceSeries.INVOICES,
    }
    for kind, code in series.items():
        foreign = Invoice.objects.filter(kind=kind).exclude(series__code=code)
        yield from (f"document {pk}" for pk in foreign.values_list("pk", flat=True))


def invoices_add_up(now: datetime) -> Iterator[object]:
    """A document is the sum of its lines, and each line of its value and tax; only what is standard-rated has
    tax.
    """
    rows = Invoice.objects.annotate(lines_total=_sum("total"), lines_tax=_sum("tax"))
    agrees = Q(total=F("lines_total"), tax=F("lines_tax"))
    yield from (f"document {pk}" for pk in rows.exclude(agrees).values_list("pk", flat=True))
    adds_up = Q(total=F("value") + F("tax"))
    is_taxed = Q(tax_code=OrderLine.TaxCode.STANDARD) | Q(tax=0, tax_rate=0)
    yield from (
        f"line {pk}" for pk in InvoiceLine.objects.exclude(adds_up & is_taxed).values_list("pk", flat=True)
    )


def invoices_follow_the_lines(now: datetime) -> Iterator[object]:
    """An invoice is, by tax code, what the lines of its order were at that moment, and its credit note the
    same the other way round, to the same recipient; an order has one at most that stands.
    """
    for code in OrderLine.TaxCode.values:
        sold = OrderLine.objects.filter(
            order=OuterRef("order"), pk__lte=OuterRef("through_line"), tax_code=code
        )
        rows = Invoice.objects.filter(kind=Invoice.Kind.INVOICE).annotate(
            sold=_total(sold, "order", "amount"), stated=_sum("total", tax_code=code)
        )
        yield from (f"document {row.pk}, {code}" for row in rows.exclude(sold=F("stated")))
        back = Invoice.objects.filter(kind=Invoice.Kind.CREDIT_NOTE).annotate(
            back=_sum("total", tax_code=code), stated=_sum("total", "corrects", tax_code=code)
        )
        yield from (f"document {row.pk}, {code}" for row in back.exclude(back=-F("stated")))
    notes = Invoice.objects.filter(kind=Invoice.Kind.CREDIT_NOTE)
    same = Q(
        order=F("corrects__order"),
        corrects__kind=Invoice.Kind.INVOICE,
        tax=-F("corrects__tax"),
        supplier_vat_number=F("corrects__supplier_vat_number"),
        recipient_name=F("corrects__recipient_name"),
    )
    yield from (f"document {pk}" for pk in notes.exclude(same).values_list("pk", flat=True))
    standing = Invoice.objects.filter(kind=Invoice.Kind.INVOICE, credit_note=None).order_by()
    twice = standing.values("order").annotate(count=Count("pk")).filter(count__gt=1)
    yield from (f"order {pk}" for pk in twice.values_list("order", flat=True))


def invoices_are_corrected(now: datetime) -> Iterator[object]:
    """No invoice still stands two days after the lines of its order changed."""
    late = OrderLine.objects.filter(at__lte=now - _CORRECTING_TIME, pk__gt=OuterRef("through_line"))
    outdated = outdated_invoices().filter(Exists(late.filter(order=OuterRef("order"))))
    yield from (f"document {pk}" for pk in outdated.values_list("pk", flat=True))


def _sum(amount: str, of: str = "pk", **only: object) -> Coalesce:
    """Σ of a document's lines."""
    return _total(InvoiceLine.objects.filter(invoice=OuterRef(of), **only), "invoice", amount)


def _total(rows: QuerySet[Any], by: str, amount: str) -> Coalesce:
    sums = rows.order_by().values(by).annotate(sum_of_rows=Total(amount))
    return Coalesce(Subquery(sums.values("sum_of_rows")), 0, output_field=_AMOUNT)
