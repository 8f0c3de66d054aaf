"""A tax invoice or credit note as a PDF on A4, laid out as a receipt is."""

from bookings.domain.tickets.invoice_text import invoice_text
from bookings.domain.tickets.receipt_pdf import text_pdf
from bookings.models import Invoice


def invoice_pdf(invoice: Invoice) -> bytes:
    return text_pdf(invoice_text(invoice), invoice.full_number, created=invoice.issued_at)
