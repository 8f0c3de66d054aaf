"""The simulator's page, on which a customer decides what becomes of a payment."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from bookings.demo.payment_simulator.answers import SimulatedAnswer
from bookings.demo.payment_simulator.moods import REFUND_MOODS

# What the page offers: a button for each way in which a payment can go, right or wrong
CHOICES: Final = {
    "pay": "Pay",
    "cancel": "Cancel",
    "fail": "Let the bank refuse",
    "pending": "Pending, then complete",
    "pending_only": "Pending, and nothing more",
    "lose": "Pay, but lose the notification",
    "duplicate": "Pay, and tell three times",
    "reorder": "Pay, and tell in the wrong order",
    "wrong_amount": "Pay a wrong amount",
    "wrong_signature": "Pay, and sign wrongly",
    "foreign": "Tell of a payment that was never made",
    "late": "Pay, and tell late",
}
_FRAME: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Payment simulator</title>
<link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark }}
body {{ max-width: 40rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif }}
button, select {{ font: inherit; padding: 0.5rem 1rem }}
form p {{ margin: 0.5rem 0 }}
td, th {{ padding: 0.25rem 1rem 0.25rem 0; text-align: left }}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>"""


def page(body: str) -> SimulatedAnswer:
    return SimulatedAnswer(_FRAME.format(body=body).encode(), kind="text/html; charset=utf-8")


@dataclass(frozen=True)
class PaymentRow:
    """A payment at one of the gateways, in cents."""

    gateway: str
    id: str
    taken: int
    given_back: tuple[int, ...]


def pay_page(gateway: str, item: str, amount: int, *, action: str, ways: dict[str, str]) -> SimulatedAnswer:
    """Where a customer pays `amount`, in cents."""
    options = "".join(f'<option value="{way}">{escape(text)}</option>' for way, text in ways.items())
    buttons = "\n".join(
        f'<p><button name="choice" value="{name}">{escape(text)}</button></p>'
        for name, text in CHOICES.items()
    )
    return page(
        f"<h1>Payment simulator: {escape(gateway)}</h1>\n"
        f"<p>{escape(item)}: {_rand(amount)}. No money moves.</p>\n"
        f'<form method="post" action="{action}">\n'
        f'<p><label>Paid by <select name="way">{options}</select></label></p>\n{buttons}\n</form>'
    )


def home_page(rows: Sequence[PaymentRow], moods: Sequence[str]) -> SimulatedAnswer:
    """How the next refund is to go, and all payments."""
    waiting = ", then: ".join(REFUND_MOODS.get(mood, mood) for mood in moods) or "as it should"
    buttons = "\n".join(
        f'<p><button name="mood" value="{name}">{escape(text)}</button></p>'
        for name, text in REFUND_MOODS.items()
    )
    payments = "\n".join(
        f"<tr><td>{row.gateway}</td><td>{row.id}</td><td>{_rand(row.taken)}</td>"
        f"<td>{', '.join(map(_rand, row.given_back))}</td></tr>"
        for row in rows
    )
    return page(
        f"<h1>Payment simulator</h1>\n<p>The next refund goes: {escape(waiting)}. No money moves.</p>\n"
        f'<form method="post" action="/moods/refund">\n{buttons}\n</form>\n'
        "<table>\n<thead><tr><th>Gateway</th><th>Payment</th><th>Taken</th><th>Given back</th></tr></thead>\n"
        f"<tbody>\n{payments}\n</tbody>\n</table>"
    )


def _rand(cents: int) -> str:
    return f"R{cents // 100}.{cents % 100:02d}"
