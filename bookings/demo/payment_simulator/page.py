"""The simulator's page, on which a customer decides what becomes of a payment."""

from decimal import Decimal
from html import escape
from typing import Final

from bookings.demo.payment_simulator.answers import SimulatedAnswer

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
</head>
<body>
<main>
{body}
</main>
</body>
</html>"""


def page(body: str) -> SimulatedAnswer:
    return SimulatedAnswer(_FRAME.format(body=body).encode(), kind="text/html; charset=utf-8")


def pay_page(
    gateway: str, item: str, amount: Decimal, *, action: str, ways: dict[str, str]
) -> SimulatedAnswer:
    options = "".join(f'<option value="{way}">{escape(text)}</option>' for way, text in ways.items())
    buttons = "\n".join(
        f'<p><button name="choice" value="{name}">{escape(text)}</button></p>'
        for name, text in CHOICES.items()
    )
    return page(
        f"<h1>Payment simulator: {escape(gateway)}</h1>\n"
        f"<p>{escape(item)}: R{amount:.2f}. No money moves.</p>\n"
        f'<form method="post" action="{action}">\n'
        f'<p><label>Paid by <select name="way">{options}</select></label></p>\n{buttons}\n</form>'
    )
