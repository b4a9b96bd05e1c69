"""Pages before signing in, in the look of the admin, and the language switch."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import login
from django.contrib.auth import views as auth_views
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django.views.generic import FormView
from django.views.i18n import set_language as remember_language

from accounts.people.registration import check_registration_is_open

from .forms import PasswordResetForm, RegistrationForm
from .refusals import Refusal

BACKEND = "accounts.people.roles.RoleBackend"


if TYPE_CHECKING:
    Base = FormView[Any]
    RegistrationFormView = FormView[RegistrationForm]
else:
    Base = object
    RegistrationFormView = FormView


class AdminPageMixin(Base):
    """The context that the admin's templates need."""

    title: str | Promise = ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = {**admin.site.each_context(self.request), "title": self.title}
        return super().get_context_data(**context, **kwargs)


class RegisterView(AdminPageMixin, RegistrationFormView):
    """Open a business and sign in as its owner."""

    title = pgettext_lazy("title", "Register")
    template_name = "accounts/register.html"
    form_class = RegistrationForm
    success_url = reverse_lazy("admin:index")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return HttpResponseRedirect(str(self.success_url))
        try:
            check_registration_is_open()
        except Refusal as refusal:
            return self.render_to_response(
                self.get_context_data(form=None, explanation=str(refusal)), status=refusal.status
            )
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: RegistrationForm) -> HttpResponse:
        owner = form.register(self.request, get_language() or "")
        if owner is None:
            return self.form_invalid(form)
        login(self.request, owner, backend=BACKEND)
        return super().form_valid(form)


class InvitationView(AdminPageMixin, auth_views.PasswordResetConfirmView):
    """The page where an invited person chooses a password and is signed in."""

    title = _("Welcome! Choose a password")
    template_name = "accounts/invitation.html"
    reset_url_token = "choose-password"
    success_url = reverse_lazy("admin:index")
    post_reset_login = True
    post_reset_login_backend = BACKEND

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # Django's own title for a used link speaks of a reset.
        return super().get_context_data(**kwargs) | {"title": self.title if self.validlink else _("Invitation")}


class PasswordResetView(AdminPageMixin, auth_views.PasswordResetView):
    """Whoever forgot the password asks for a link."""

    title = _("Forgot your password?")
    form_class = PasswordResetForm


class PasswordResetDoneView(AdminPageMixin, auth_views.PasswordResetDoneView):
    title = _("Look into your mail")


class PasswordResetConfirmView(AdminPageMixin, auth_views.PasswordResetConfirmView):
    """The page that the link leads to."""

    title = _("Choose a new password")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "title": self.title if self.validlink else _("The link is too old")
        }


class PasswordResetCompleteView(AdminPageMixin, auth_views.PasswordResetCompleteView):
    title = _("The new password is set")


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Django's language switch. For whoever is signed in, the choice is stored and applies on every device."""
    language = request.POST.get("language")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        request.user.language = language
        request.user.save(update_fields=["language"])
    return remember_language(request)
