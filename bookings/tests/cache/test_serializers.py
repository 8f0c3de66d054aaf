import pytest

from bookings.cache.serializers import PageSerializer


@pytest.mark.parametrize("value", [b"", b"<p>\xc3\xa9</p>", b"{}", b"\x01", "text", {"b": [1, None]}, 1.5])
def test_what_is_kept_comes_back(value: object) -> None:
    serializer = PageSerializer({})

    assert serializer.loads(serializer.dumps(value)) == value


def test_bytes_are_kept_as_they_are() -> None:
    assert PageSerializer({}).dumps(b"<p>") == b"\x01<p>"
