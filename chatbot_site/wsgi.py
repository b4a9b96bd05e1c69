import os

from django.core.wsgi import get_wsgi_application

from chatbot_site.operations.startup import refuse_wrong_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatbot_site.settings")

_django = get_wsgi_application()
refuse_wrong_settings()

# It needs the apps, which are loaded now.
from whatsapp.webhooks.wsgi import WebhookMiddleware  # noqa: E402

application = WebhookMiddleware(_django)
