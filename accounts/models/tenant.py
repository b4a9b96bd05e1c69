"""What the models of a business's rows share, and their querysets: each row names its business in `business`."""

from functools import cache
from typing import Any, Protocol, Self, cast

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.utils.translation import gettext_lazy as _


class Viewer(Protocol):
    """What is known of the person for whom rows are narrowed: a User."""

    @property
    def is_superuser(self) -> bool: ...
    @property
    def business_id(self) -> int | None: ...
    @property
    def has_open_deletions(self) -> bool: ...


class TenantQuerySet(models.QuerySet):
    def for_business(self, business: models.Model | int) -> Self:
        """The rows of a business, or of the one with an id."""
        return self.not_being_deleted().filter(business=business)

    def for_user(self, user: Viewer) -> Self:
        """The rows of the user's business; all rows for a platform administrator; none for anybody else."""
        rows = self.not_being_deleted() if user.has_open_deletions else self
        if user.is_superuser:
            return rows
        return rows.filter(business_id=user.business_id) if user.business_id else self.none()

    def not_being_deleted(self) -> Self:
        """The rows that no job is deleting, neither by themselves nor together with a row they depend on."""
        rows = self
        for path, model in _paths_to_retired(self.model).items():
            deletions = apps.get_model("accounts.Deletion").objects.open().filter(what=model._meta.label_lower)
            rows = rows.exclude(_refers_to(deletions.values("object_id"), self.model, path))
        return rows


@cache
def _paths_to_retired(model: type[models.Model]) -> dict[str, type[models.Model]]:
    """
    Look-up → model, for each model that has `retire` (so that jobs delete its rows) and whose deletion takes rows of
    `model` along.
    """
    found: dict[str, type[models.Model]] = {}
    waiting: list[tuple[str, Any]] = [("pk", model)]
    while waiting:
        path, target = waiting.pop(0)
        if hasattr(target, "retire") and target not in found.values():
            found[path] = target
        for key in target._meta.concrete_fields:
            cascades = key.is_relation and key.remote_field.on_delete is models.CASCADE
            if cascades and key.name != "business":
                waiting.append((key.name if path == "pk" else f"{path}__{key.name}", key.related_model))
    return found


def _refers_to(pks: models.QuerySet[Any, Any], model: type[models.Model], path: str) -> models.Q:
    """
    The condition that `path` leads from a row of `model` to one of these primary keys. Written with subqueries: unlike
    joins, they cost next to nothing while there are no such keys.
    """
    name, _separator, rest = path.partition("__")
    if rest:
        related = cast(type[models.Model], model._meta.get_field(name).related_model)
        pks = related._base_manager.filter(_refers_to(pks, related, rest)).values("pk")
    return models.Q(**{f"{name}__in": pks})


class TenantModel(models.Model):
    """
    A row that belongs to one business. `business` is set from the row's parent or from the user, is never a field of a
    form and never changes. Each model has a (business, …) index of its own.
    """

    business = models.ForeignKey(
        "accounts.Business",
        on_delete=models.CASCADE,
        related_name="+",
        editable=False,
        db_index=False,
        verbose_name=_("business"),
    )

    objects = TenantQuerySet.as_manager()

    class Meta:
        abstract = True

    # The foreign key to the row that this one is a part of, from which the business is taken.
    tenant_parent: str | None = None

    # A model on whose rows very many others may depend has a method `retire`, called before a job deletes the row:
    # the row does nothing from then on, and frees its unique values.

    @classmethod
    def seed(cls, business: Any) -> None:
        """Create the rows with which a new business starts. Most models start with none."""

    @classmethod
    def before_delete(cls, rows: models.QuerySet[Any]) -> None:
        """Before rows are deleted, undo what they have written into rows that stay. Most have written nothing."""

    @property
    def receipt_name(self) -> str:
        """The name on the receipt of its deletion."""
        return str(self)

    def clean(self) -> None:
        """Refuse a foreign key to a row of another business, in the words used for a row that does not exist."""
        super().clean()
        if self.business_id is None:
            return
        errors = {}
        for field in self._meta.concrete_fields:
            if field.many_to_one and field.name != "business" and hasattr(field.related_model, "business"):
                target = getattr(self, field.name) if getattr(self, field.attname) else None
                if target and target.business_id != self.business_id:
                    errors[field.name] = ValidationError(_("This row does not exist."), code="does_not_exist")
        if errors:
            raise ValidationError(errors)


class UniqueInBusiness(models.UniqueConstraint):
    """A UniqueConstraint on the business and one more field, which is the one a violation is reported on."""

    def validate(
        self,
        model: type[models.Model],
        instance: models.Model,
        exclude: set[str] | None = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        try:
            super().validate(model, instance, exclude, using)
        except ValidationError as error:
            raise ValidationError({self.fields[-1]: error}) from error

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        """Migrations have the plain constraint."""
        _path, args, kwargs = super().deconstruct()
        return "django.db.models.UniqueConstraint", args, kwargs
