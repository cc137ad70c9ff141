# SPDX-License-Identifier: Apache-2.0
"""A Flask application with real requests, templates and YAML."""

import threading
import urllib.error
import urllib.request

import flask
import yaml
from werkzeug.serving import make_server

app = flask.Flask("shop")
app.secret_key = "x"


@app.route("/")
def index():
    return flask.render_template_string("{% for i in items %}{{ i|upper }} {% endfor %}{{ 'http://a.b'|urlize }}",
                                        items=["a", "b"])


@app.route("/load", methods=["POST"])
def load():
    flask.session["n"] = 1
    return flask.jsonify(yaml.safe_load(flask.request.data))


@app.route("/never")
def never():
    return yaml.dump({})


@app.errorhandler(404)
def missing(_):
    return "no", 404


@app.before_request
def before():
    flask.g.x = 1


def ask(port, path, data=None):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), data) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        return error.read()


def main():
    server = make_server("127.0.0.1", 0, app, threaded=False)
    server.log = lambda *_: None
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    for _ in range(3):
        ask(server.port, "/")
        ask(server.port, "/load", b"a: [1, 2]\nb: {c: 1.5, d: 2020-01-01}\n")
        ask(server.port, "/nothing")
    server.shutdown()
    thread.join()
