# SPDX-License-Identifier: Apache-2.0
"""gunicorn: the application is loaded before the fork, one worker serves requests. The worker is judged."""

import os
import sys
import threading
import urllib.request

from gunicorn.app.base import BaseApplication


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [in_worker(environ["PATH_INFO"]).encode()]


def in_worker(path):
    return path.upper()


def before_fork():
    return len("a")


def never(path):
    return path.lower()


def client(worker):
    host, port = worker.sockets[0].getsockname()
    for n in range(3):
        urllib.request.urlopen("http://%s:%d/%d" % (host, port, n)).read()
    sys.modules["__main__"].told("workload")


def begin(worker):
    threading.Thread(target=client, args=(worker,), daemon=True).start()


class Server(BaseApplication):
    def load_config(self):
        for key, value in (("bind", "127.0.0.1:0"), ("workers", 1), ("preload_app", True), ("post_worker_init", begin),
                           ("child_exit", lambda server, worker: os._exit(0)), ("loglevel", "critical"), ("accesslog", None)):
            self.cfg.set(key, value)

    def load(self):
        before_fork()
        return application


def main():
    Server().run()
