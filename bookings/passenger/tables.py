import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from bookings.domain.search.boards import BoardRow

_TONES = {"boarding": "good", "cancelled": "bad", "on_the_way": "good"}


class BoardTable(tables.Table):
    departs = tables.Column(verbose_name=_("Leaves"))
    destination = tables.Column(verbose_name=_("To"))
    stop = tables.Column(verbose_name=_("From stop"))
    line = tables.Column(verbose_name=_("Line"))
    status_text = tables.Column(verbose_name=_("Status"))
    seats = tables.Column(verbose_name=_("Seats"), empty_values=())

    class Meta:
        orderable = False
        template_name = "passenger/_board_table.html"

    def render_departs(self, record: BoardRow) -> SafeString:
        return format_html(
            '<time datetime="{}"><b>{}</b> <span class="hint">{}</span></time>', record.departs_iso, record.departs, record.day_label
        )

    def render_destination(self, record: BoardRow) -> SafeString:
        via = format_html('<span class="hint">{}</span>', _("via %(places)s") % {"places": record.via}) if record.via else ""
        return format_html("<b>{}</b> {}", record.destination, via)

    def render_line(self, record: BoardRow) -> SafeString:
        coach = format_html(' <span class="badge badge-info">{}</span>', record.coach) if record.coach else ""
        return format_html("{}{}", record.line, coach)

    def render_status_text(self, record: BoardRow) -> SafeString:
        return format_html('<span class="badge badge-{}">{}</span>', _TONES.get(record.status, "info"), record.status_text)

    def render_seats(self, record: BoardRow) -> SafeString | str:
        if not record.is_on_sale:
            return ""
        label = _("Seats on the %(time)s coach to %(place)s") % {"time": record.departs, "place": record.destination}
        address = f"{reverse('passenger:departure', args=[record.schedule_id])}?from={record.from_ref}&to={record.to_ref}&passengers=1"
        return format_html('<a class="btn btn-small" href="{}" aria-label="{}">{}</a>', address, label, _("Seats"))
