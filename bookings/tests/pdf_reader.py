"""What a PDF and a QR code say to whoever reads them: text, codes, tags and fonts."""

import ctypes
import re
from collections.abc import Iterator
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
import zxingcpp

_RECTANGLE = re.compile(r"M(\d+) (\d+)h(\d+)v(\d+)")


def pages_of(content: bytes) -> list[str]:
    """The text of each page, its lines joined."""
    document = pypdfium2.PdfDocument(content)
    return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]


def widths_of(content: bytes) -> list[int]:
    """The width of each page in mm."""
    return [round(page.get_width() / 72 * 25.4) for page in pypdfium2.PdfDocument(content)]


def codes_in(content: bytes) -> list[str]:
    """The QR codes on the pages, read from a picture of them at 144 dpi."""
    return [code for page in pypdfium2.PdfDocument(content) for code in _codes(*picture_of(page))]


def picture_of(page: pypdfium2.PdfPage, *, scale: float = 2) -> tuple[bytes, int]:
    """The page in shades of grey, a byte for each pixel, and the length of a row."""
    bitmap = page.render(scale=scale, grayscale=True)
    return bytes(bitmap.buffer), bitmap.stride


def code_in_svg(svg: str, *, scale: int = 4) -> list[str]:
    """The QR codes in an SVG of ours, drawn anew from its path."""
    width = int(re.search(r'viewBox="0 0 (\d+) \1"', svg)[1])
    pixels = bytearray(b"\xff") * (width * scale) ** 2
    for x, y, across, down in (map(int, rectangle.groups()) for rectangle in _RECTANGLE.finditer(svg)):
        for row in range(y * scale, (y + down) * scale):
            start = (row * width + x) * scale
            pixels[start : start + across * scale] = bytes(across * scale)
    return _codes(bytes(pixels), width * scale)


def _codes(pixels: bytes, width: int) -> list[str]:
    picture = memoryview(pixels).cast("B", [len(pixels) // width, width])
    return [code.text for code in zxingcpp.read_barcodes(picture)]


def is_tagged(content: bytes) -> bool:
    return bool(pdfium.FPDFCatalog_IsTagged(pypdfium2.PdfDocument(content)))


def tags_of(content: bytes, page: int = 0) -> list[tuple[str, str]]:
    """The structure of a page in reading order: type and alternative text of each element."""
    tree = pdfium.FPDF_StructTree_GetForPage(pypdfium2.PdfDocument(content)[page])
    numbers = range(pdfium.FPDF_StructTree_CountChildren(tree))
    return [tag for number in numbers for tag in _walk(pdfium.FPDF_StructTree_GetChildAtIndex(tree, number))]


def _walk(element: Any) -> Iterator[tuple[str, str]]:
    yield (
        _text(pdfium.FPDF_StructElement_GetType, element),
        _text(pdfium.FPDF_StructElement_GetAltText, element),
    )
    for index in range(pdfium.FPDF_StructElement_CountChildren(element)):
        child = pdfium.FPDF_StructElement_GetChildAtIndex(element, index)
        if child:
            yield from _walk(child)


def _text(getter: Any, element: Any) -> str:
    length = getter(element, None, 0)
    buffer = ctypes.create_string_buffer(length)
    getter(element, buffer, length)
    return buffer.raw.decode("utf-16-le").rstrip("\0")


def fonts_of(content: bytes, text: str, page: int = 0) -> set[str]:
    """The fonts that draw the letters of `text` beyond ASCII, which must stand on the page."""
    textpage = pypdfium2.PdfDocument(content)[page].get_textpage()
    count = pdfium.FPDFText_CountChars(textpage)
    letters = [chr(pdfium.FPDFText_GetUnicode(textpage, index)) for index in range(count)]
    sought = {letter for letter in text if not letter.isascii()}
    assert sought <= set(letters), (text, letters)
    return {_font(textpage, index) for index, letter in enumerate(letters) if letter in sought}


def _font(textpage: Any, index: int) -> str:
    buffer = ctypes.create_string_buffer(200)
    pdfium.FPDFText_GetFontInfo(textpage, index, buffer, 200, None)
    return buffer.value.decode().rpartition("+")[2]  # after the prefix of a subset
