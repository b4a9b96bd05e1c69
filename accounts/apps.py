from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People and businesses")

    def ready(self) -> None:
        from accounts.people.roles import grant_rights

        # Django creates the permissions after migrating; the roles get theirs at the same time.
        post_migrate.connect(grant_rights, dispatch_uid="accounts.people.roles.grant_rights")
