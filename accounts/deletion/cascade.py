"""
Everything that is deleted along with a row: counted, listed by kind, and removed children first.

It is found by introspection of the models' foreign keys, so that no new model can be forgotten and lower apps need not
know upper ones. Django's collector would load every row.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef

from . import stored_files

#: Rows of one kind that are listed before a deletion.
MAX_ROWS_OF_A_KIND = 50

#: Rows of all kinds together, so that the page stays small.
MAX_ROWS_IN_ALL = 250


@dataclass(frozen=True)
class Kind:
    """The rows of one model in a cascade: how many, the first of them, and the kinds that are a part of them."""

    model: type[models.Model]
    count: int
    rows: list[models.Model]
    parts: list["Kind"] = field(default_factory=list)

    @property
    def more(self) -> int:
        """How many rows are not among `rows`."""
        return self.count - len(self.rows)


def references_to(model: type[models.Model]) -> list[Any]:
    """Every foreign key that points to a model, hidden ones included."""
    relations: list[Any] = model._meta.get_fields(include_hidden=True)
    return [
        relation.field
        for relation in relations
        if relation.auto_created and not relation.concrete and (relation.one_to_many or relation.one_to_one)
    ]


class Cascade:
    """Everything that is deleted along with rows of one model, given as a queryset."""

    def __init__(self, roots: models.QuerySet[Any]) -> None:
        self.root_model = roots.model
        self.roots = roots

    @cached_property
    def foreign_keys(self) -> dict[type[models.Model], list[Any]]:
        """Model → the foreign keys by which its rows belong to the cascade, in the order of discovery."""
        found: dict[type[models.Model], list[Any]] = {self.root_model: []}
        waiting = [self.root_model]
        while waiting:
            for key in references_to(waiting.pop(0)):
                if key.remote_field.on_delete is not models.CASCADE:
                    continue
                if key.model not in found:
                    found[key.model] = []
                    waiting.append(key.model)
                found[key.model].append(key)
        return found

    @cached_property
    def children_first(self) -> list[type[models.Model]]:
        """The models, ordered so that rows are removed before those they point to."""
        graph: TopologicalSorter[type[models.Model]] = TopologicalSorter()
        for model in self.foreign_keys:
            graph.add(model)
            for key in model._meta.concrete_fields:
                if key.is_relation and key.related_model in self.foreign_keys and key.related_model is not model:
                    graph.add(key.related_model, model)
        return list(graph.static_order())

    def rows(self, model: type[models.Model]) -> models.QuerySet[Any]:
        """The rows of a model in the cascade."""
        found = self._rows_by_path(model)
        if len(found) == 1:
            return found[0]
        pks = [rows.order_by().values("pk") for rows in found]
        return model._base_manager.filter(pk__in=pks[0].union(*pks[1:]))

    def _rows_by_path(self, model: type[models.Model]) -> list[models.QuerySet[Any]]:
        """The same, one queryset for each path, so that the database can use an index for each."""
        if model is self.root_model:
            return [self.roots]
        return [model._base_manager.filter(**{f"{path}__in": self.roots}) for path in self.paths(model)]

    def paths(self, model: type[models.Model]) -> list[str]:
        """
        The look-ups from a model to the roots it depends on. A model that has a foreign key to the roots is looked up
        by that alone; any other by every model it depends on.
        """
        keys = self.foreign_keys[model]
        direct = [key.name for key in keys if key.related_model is self.root_model]
        return direct or [f"{key.name}__{path}" for key in keys for path in self.paths(key.related_model)]

    @cached_property
    def counts(self) -> dict[type[models.Model], int]:
        """Model → how many of its rows are in the cascade, by COUNT queries. Models with none are left out."""
        found = {model: self.rows(model).count() for model in self.foreign_keys if not model._meta.auto_created}
        return {model: count for model, count in found.items() if count}

    def counts_by_root(self) -> defaultdict[Any, Counter[type[models.Model]]]:
        """A root's primary key → model → how many of its rows depend on it. No row counts twice."""
        counts: defaultdict[Any, Counter[type[models.Model]]] = defaultdict(Counter)
        for model in self.children_first:
            if model._meta.auto_created:
                continue
            roots: dict[Any, Any] = {}
            for path in ["pk"] if model is self.root_model else self.paths(model):
                rows = model._base_manager.filter(**{f"{path}__in": self.roots})
                roots.update(rows.order_by().values_list("pk", path))
            for root in roots.values():
                counts[root][model] += 1
        return counts

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def blockers(self) -> list[models.Model]:
        """Rows outside the cascade that forbid the deletion, because they need a row in it."""
        found: list[models.Model] = []
        for model in self.foreign_keys:
            for key in references_to(model):
                if key.remote_field.on_delete in (models.PROTECT, models.RESTRICT):
                    rows = key.model._base_manager.filter(**{f"{key.name}__in": self.rows(model).values("pk")})
                    if key.model in self.foreign_keys:
                        rows = rows.exclude(pk__in=self.rows(key.model).values("pk"))
                    found += rows[:MAX_ROWS_OF_A_KIND]
        return found

    def kinds(self) -> list[Kind]:
        """The kinds in the cascade, each with its first rows, nested in the kind that it is a part of."""
        made: dict[type[models.Model], Kind] = {}
        limit = self._rows_of_a_kind()
        for model in sorted(self.counts, key=self._depth):
            made[model] = Kind(model, self.counts[model], self._first_rows(model, limit))
            whole = self._whole(model)
            if whole is not None and whole in made and whole is not model:
                made[whole].parts.append(made[model])
        return [kind for model, kind in made.items() if self._whole(model) not in made or model is self.root_model]

    def _rows_of_a_kind(self) -> int:
        """How many rows of a kind are listed, so that those of all kinds are not too many."""
        limit = MAX_ROWS_OF_A_KIND
        while limit > 1 and sum(min(count, limit) for count in self.counts.values()) > MAX_ROWS_IN_ALL:
            limit -= 1
        return limit

    def _first_rows(self, model: type[models.Model], limit: int) -> list[models.Model]:
        """A few rows, with the rows that their names need. Chosen by key, so that not all must be sorted."""
        pks: list[Any] = []
        for rows in self._rows_by_path(model) if self.counts[model] > limit else [self.rows(model)]:
            pks += rows.exclude(pk__in=pks).order_by().values_list("pk", flat=True)[: limit - len(pks)]
        return list(model._base_manager.filter(pk__in=pks).select_related().order_by("pk"))

    def _whole(self, model: type[models.Model]) -> type[models.Model] | None:
        """The model in the cascade of which this one's rows are a part."""
        if model is self.root_model:
            return None
        parent = getattr(model, "tenant_parent", None)
        whole = _target(model._meta.get_field(parent)) if parent else None
        return whole if whole in self.foreign_keys else _target(self.foreign_keys[model][0])

    def _depth(self, model: type[models.Model]) -> int:
        whole = self._whole(model)
        return 0 if whole is None else 1 + self._depth(whole)

    def remove(self) -> dict[type[models.Model], int]:
        """Delete the cascade, in the caller's transaction. Returns model → how many of its rows were deleted."""
        for model in self.foreign_keys:
            if hasattr(model, "before_delete"):
                model.before_delete(self.rows(model))
            for key in references_to(model):
                if key.remote_field.on_delete is models.SET_NULL:
                    key.model._base_manager.filter(**{f"{key.name}__in": self.rows(model).values("pk")}).update(
                        **{key.name: None}
                    )
        removed: dict[type[models.Model], int] = {}
        for model in self.children_first:
            rows = self.rows(model)
            stored_files.remove_with(rows)
            removed[model] = rows._raw_delete(rows.db)
        return {model: count for model, count in removed.items() if count and not model._meta.auto_created}

    def orphans(self) -> Iterator[int]:
        """For each foreign key of the cascade, how many rows refer by it to a row that does not exist."""
        for keys in self.foreign_keys.values():
            for key in keys:
                yield _without_target(key).count()


def _target(key: Any) -> type[models.Model]:
    model: type[models.Model] = key.related_model
    return model


def _without_target(key: Any) -> models.QuerySet[Any]:
    target = key.related_model._base_manager.filter(pk=OuterRef(key.attname))
    rows: models.QuerySet[Any] = key.model._base_manager.all()
    return rows.filter(~Exists(target), **{f"{key.name}__isnull": False})
