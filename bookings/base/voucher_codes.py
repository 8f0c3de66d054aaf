"""The codes of vouchers: 80 random bits, of which only a digest under VOUCHER_KEYS is kept. It must be looked
up, so it is an HMAC and no password's hash; a key of its own, as who may know it is nobody else's business.
"""

import hmac
from typing import Final

from django.conf import settings

from bookings.base.codes import normal_code, random_code

VOUCHER_CODE_LENGTH: Final = 16
_GROUP: Final = 4


def new_voucher_code() -> str:
    return random_code(VOUCHER_CODE_LENGTH)


def voucher_code_text(code: str) -> str:
    """As it is printed and said: ABCD-EFGH-JKMN-PQRS."""
    return "-".join(code[place : place + _GROUP] for place in range(0, len(code), _GROUP))


def voucher_digest(code: str) -> str:
    """What is kept of a new code."""
    return _digest(settings.VOUCHER_KEYS[0], code)


def voucher_digests(typed: str) -> list[str]:
    """By which the voucher of a typed code is found: case, spaces, dashes and look-alikes do not matter."""
    code = normal_code(typed)[: VOUCHER_CODE_LENGTH + 1]
    return [_digest(key, code) for key in settings.VOUCHER_KEYS]


def _digest(key: str, code: str) -> str:
    return hmac.new(key.encode(), code.encode(), "sha256").hexdigest()
