# SPDX-License-Identifier: Apache-2.0
"""Django behind a real server: views, templates, a form, a model in SQLite."""

import os
import sys
import threading
import urllib.request
from wsgiref.simple_server import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def configure():
    import django
    from django.conf import settings

    settings.configure(
        DEBUG=False, SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF=sys.modules["workload"], USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(os.getcwd(), "db")}},
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}], MIDDLEWARE=[
            "django.middleware.common.CommonMiddleware"])
    django.setup()


def index(request):
    from django.http import HttpResponse
    from django.template import Context, Template
    page = Template("{% for x in many %}{{ x|upper }}{% endfor %} {{ text|urlize }}")
    return HttpResponse(page.render(Context({"many": "ab", "text": "see http://example.org"})))


def people(request):
    from django.contrib.auth.models import Group
    from django.http import JsonResponse
    Group.objects.create(name=request.GET["name"])
    return JsonResponse({"names": list(Group.objects.order_by("name").values_list("name", flat=True))})


def never(request):
    return index(request)


def main():
    if os.path.exists("db"):
        os.unlink("db")
    configure()
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.urls import path

    globals()["urlpatterns"] = [path("", index), path("people", people), path("never", never)]
    call_command("migrate", verbosity=0)
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for page in ("", "people?name=a", "people?name=b"):
        urllib.request.urlopen("http://127.0.0.1:%d/%s" % (server.server_port, page)).read()
    server.shutdown()
