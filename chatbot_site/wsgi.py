import os

from django.core.wsgi import get_wsgi_application

from chatbot_site.operations.startup import refuse_wrong_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatbot_site.settings")

application = get_wsgi_application()
refuse_wrong_settings()
