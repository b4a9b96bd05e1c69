"""The site with a page that crashes with secrets in its hands."""

from django.conf import settings
from django.http import HttpResponse
from django.urls import path

from chatbot_site.urls import handler400, handler404, handler500, urlpatterns  # noqa: F401
from whatsapp.graph.requests import sender
from whatsapp.models import WhatsAppNumber


def crash(request):
    number = WhatsAppNumber.objects.get()
    prepared = sender(number.access_token, number.phone_number_id)({"to": "someone"})
    held = {"app_secret": str(number.app_secret), "keys": settings.FIELD_KEYS}
    raise RuntimeError(f"Could not carry out {prepared} with {str(number.access_token)} for {len(held)}")
    return HttpResponse()


urlpatterns = [path("crash/", crash), *urlpatterns]
