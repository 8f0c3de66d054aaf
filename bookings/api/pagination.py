"""Pages by number that know whether there is a next one, and count nothing.

One row more than fits is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.conf import settings
from rest_framework import serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from bookings.base.cursors import CURSOR_PATTERN

LAST_PAGE: Final = 100  # further into a list a filter is the better way
Window = Callable[[int, int], Iterable[Any]]  # (first, count) → rows


class UncountedPages(PageNumberPagination):
    page_size_query_param = "page_size"
    max_page_size = 100

    def read(self, request: Request, rows: Window) -> list[Any]:
        """One page of what `rows` gives, which is asked for one row more.

        Raises ValidationError for a page that is none.
        """
        self.request = request
        self.address = request.get_full_path()
        query = PageQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        self.number, self.size = query.validated_data["page"], query.validated_data["page_size"]
        page = list(rows((self.number - 1) * self.size, self.size + 1))
        self.has_next = len(page) > self.size
        return page[: self.size]

    def page_of(self, data: list[Any]) -> dict[str, Any]:
        return {"next": self.get_next_link(), "previous": self.get_previous_link(), "results": data}

    def get_paginated_response(self, data: list[Any]) -> Response:
        return Response(self.page_of(data))

    def get_next_link(self) -> str | None:
        return (
            replace_query_param(self._here(), self.page_query_param, self.number + 1)
            if self.has_next and self.number < LAST_PAGE
            else None
        )

    def get_previous_link(self) -> str | None:
        if self.number == 1:
            return None
        if self.number == 2:
            return remove_query_param(self._here(), self.page_query_param)
        return replace_query_param(self._here(), self.page_query_param, self.number - 1)

    def _here(self) -> str:
        """By the address that we are known by, not by what a Host header says."""
        return f"{settings.SITE_URL}{self.address}"


class PageQuery(serializers.Serializer):
    page = serializers.IntegerField(min_value=1, max_value=LAST_PAGE, default=1)
    page_size = serializers.IntegerField(min_value=1, max_value=UncountedPages.max_page_size, default=20)


class CursorQuery(PageQuery):
    cursor = serializers.RegexField(
        CURSOR_PATTERN,
        required=False,
        default="",
        help_text="The `next_cursor` of the last page; keep its other parameters",
    )
