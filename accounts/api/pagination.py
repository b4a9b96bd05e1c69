"""How lists are divided into pages."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db import DataError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.views import APIView

if TYPE_CHECKING:
    Base = Paginator[Any]
else:
    Base = Paginator


class DeferredPaginator(Base):
    """Of the rows before a page only the ids are read, which an index has."""

    def page(self, number: int | str) -> "Page[Any]":
        number = self.validate_number(number)
        rows: Any = self.object_list
        begin, end = (number - 1) * self.per_page, number * self.per_page
        page = rows.filter(pk__in=rows.values("pk")[begin:end]) if number > 1 else rows[:end]
        return Page(page, number, self)


class PagePagination(PageNumberPagination):
    """Pages with a count, for small lists."""

    django_paginator_class = DeferredPaginator
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500


class NewestFirst(CursorPagination):
    """Pages by cursor, for long lists that grow at the front: stable, and the last page is as fast as the first."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    ordering: str | tuple[str, ...] = ("-created_at", "-id")

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any] | None:
        """Raises NotFound for a cursor whose position no column can hold: DRF checks only its form."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValidationError, ValueError, OverflowError, DataError) as error:
            if self.cursor_query_param not in request.query_params:
                raise
            raise NotFound(self.invalid_cursor_message) from error
