"""Every row of a business hangs on `business`: what its model and its queryset share."""

from functools import cache
from typing import Any, Self

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.utils.translation import gettext_lazy as _


class TenantQuerySet(models.QuerySet):
    def for_business(self, business: Any) -> Self:
        return self.kept().filter(business=business)

    def for_user(self, user: Any) -> Self:
        """The rows of the user's business; all rows for a platform administrator; none for anybody else."""
        rows = self.kept() if user.may_meet_deletions else self
        if user.is_superuser:
            return rows
        return rows.filter(business_id=user.business_id) if user.business_id else self.none()

    def kept(self) -> Self:
        """The rows that no job is deleting, and that do not hang on one that it is deleting."""
        rows = self
        for path, model in retiring(self.model).items():
            going = apps.get_model("accounts.Deletion").objects.open().filter(what=model._meta.label_lower)
            rows = rows.exclude(hanging_on(going.values("object_id"), self.model, path))
        return rows


@cache
def retiring(model: type[models.Model]) -> dict[str, type[models.Model]]:
    """By look-up, the way from a model to each kind of rows that a job may be deleting and with which its rows go."""
    found: dict[str, type[models.Model]] = {}
    waiting: list[tuple[str, Any]] = [("pk", model)]
    while waiting:
        path, target = waiting.pop(0)
        if hasattr(target, "retire") and target not in found.values():
            found[path] = target
        for key in target._meta.concrete_fields:
            goes_along = key.is_relation and key.remote_field.on_delete is models.CASCADE
            if goes_along and key.name != "business":
                waiting.append((key.name if path == "pk" else f"{path}__{key.name}", key.related_model))
    return found


def hanging_on(pks: Any, model: Any, path: str) -> models.Q:
    """
    Rows of a model from which a path leads to one of these primary keys: by subqueries, which cost next to nothing
    where there are no such keys, as joins would not.
    """
    name, _separator, rest = path.partition("__")
    if rest:
        related = model._meta.get_field(name).related_model
        pks = related._base_manager.filter(hanging_on(pks, related, rest)).values("pk")
    return models.Q(**{f"{name}__in": pks})


class TenantModel(models.Model):
    """
    A row that belongs to one business. Set from the row's parent or from the user, never offered as a field, never
    changed afterwards. Indexed by each model's own (business, …) index.
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

    # The foreign key to the row that this one is a part of: the business is taken from there.
    tenant_parent: str | None = None

    # A model on whose rows very much may hang has a method `retire`: called before a job deletes the row, it has the
    # row do nothing from then on, and let go of what must be unique.

    @classmethod
    def seed(cls, business: Any) -> None:
        """Create the rows with which a new business starts. Most models start with none."""

    @classmethod
    def before_delete(cls, rows: models.QuerySet[Any]) -> None:
        """Undo what rows of this model wrote into rows that stay, before they are deleted. Most wrote nothing."""

    @property
    def receipt_name(self) -> str:
        """What the receipt of its deletion calls it."""
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
    """A UniqueConstraint on the business and one more field, that tells of a violation on that field."""

    def validate(self, model: Any, instance: Any, exclude: Any = None, using: str = DEFAULT_DB_ALIAS) -> None:
        try:
            super().validate(model, instance, exclude, using)
        except ValidationError as error:
            raise ValidationError({self.fields[-1]: error}) from error

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        """In migrations it is what it is in the database."""
        _path, args, kwargs = super().deconstruct()
        return "django.db.models.UniqueConstraint", args, kwargs
