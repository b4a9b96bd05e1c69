"""Who may see what: every row of a business hangs on `business`, and `scope` is the one rule that narrows to it."""

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.utils.translation import gettext_lazy as _


class TenantQuerySet(models.QuerySet):
    def for_business(self, business):
        return self.filter(business=business)

    def for_user(self, user):
        """The rows of the user's business; all rows for a platform administrator; none for anybody else."""
        if user.is_superuser:
            return self
        return self.filter(business_id=user.business_id) if user.business_id else self.none()


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
    tenant_parent = None

    @classmethod
    def seed(cls, business):
        """Create the rows with which a new business starts. Most models start with none."""

    @classmethod
    def let_go(cls, rows):
        """Undo what rows of this model wrote into rows that stay, before they are deleted. Most wrote nothing."""

    def clean(self):
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

    def validate(self, model, instance, exclude=None, using=DEFAULT_DB_ALIAS):
        try:
            super().validate(model, instance, exclude, using)
        except ValidationError as error:
            raise ValidationError({self.fields[-1]: error}) from error

    def deconstruct(self):
        """In migrations it is what it is in the database."""
        _path, args, kwargs = super().deconstruct()
        return "django.db.models.UniqueConstraint", args, kwargs


def tenant_models():
    """Every concrete model whose rows belong to a business."""
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def scope(queryset, user):
    """
    The part of a queryset that the user may see. Raises LookupError for a model without a rule, so that a new model
    cannot be shown to strangers by forgetting it.
    """
    if user.is_superuser:
        return queryset
    if hasattr(queryset, "for_user"):
        return queryset.for_user(user)
    if hasattr(queryset.model, "scope_for"):
        return queryset.model.scope_for(queryset, user)
    raise LookupError(f"No rule says which {queryset.model._meta.label} rows a business may see.")
