from django.urls import path
from rest_framework.routers import SimpleRouter

from . import views
from .api import views as api

router = SimpleRouter()
router.register("team", api.TeamViewSet, basename="team")
router.register("tokens", api.TokenViewSet, basename="token")
router.register("deletions", api.DeletionViewSet, basename="deletion")

#: Below /api/v1/, beside the router's.
api_urlpatterns = [
    path("auth/register/", api.RegisterView.as_view(), name="api-register"),
    path("auth/login/", api.LoginView.as_view(), name="api-login"),
    path("auth/logout/", api.LogoutView.as_view(), name="api-logout"),
    path("auth/me/", api.MeView.as_view(), name="me"),
    path("auth/change-password/", api.ChangePasswordView.as_view(), name="change-password"),
    path("business/", api.BusinessView.as_view(), name="business"),
]

urlpatterns = [
    path("register/", views.RegisterView.as_view(), name="register"),
    path("invitation/<uidb64>/<token>/", views.InvitationView.as_view(), name="invitation"),
    path("language/", views.set_language, name="set_language"),
    # The names are those that Django's admin and its templates look for.
    path("password-reset/", views.PasswordResetView.as_view(), name="admin_password_reset"),
    path("password-reset/done/", views.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path(
        "password-reset/<uidb64>/<token>/",
        views.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path("password-reset/complete/", views.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
]
