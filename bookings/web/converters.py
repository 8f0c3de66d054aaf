"""How a part of an address is read."""

from bookings.base.codes import normal_code


class ReferenceConverter:
    """The reference of a booking in any dress, as people type it; views get it as we print it."""

    regex = "[A-Za-z0-9-]{1,20}"

    def to_python(self, value: str) -> str:
        return normal_code(value)

    def to_url(self, value: str) -> str:
        return value
