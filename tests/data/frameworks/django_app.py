"""Django with django-health-check, at /health/ as Django writes paths."""

import os
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.asgi import get_asgi_application

where = urlsplit(os.environ["DATABASE_URL"])
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    SECRET_KEY="of-a-test",
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["health_check"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": where.hostname,
            "PORT": where.port,
            "USER": where.username,
            "PASSWORD": unquote(where.password),
            "NAME": where.path.strip("/"),
            "OPTIONS": {"connect_timeout": 2},
        }
    },
)
app = get_asgi_application()

from django.urls import path  # noqa: E402
from health_check.views import HealthCheckView  # noqa: E402

urlpatterns = [
    path("health/", HealthCheckView.as_view(checks=["health_check.checks.Database"])),
]
