"""HTTPS to the server's own host reaches the server at its own port, from code that knows nothing of it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from segue.runtimes.launch import find_node

from .harness import Place, text

needs_node = pytest.mark.skipif(find_node() is None, reason="no Node.js on this machine")


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers what it was asked."""

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        answer = f"{self.command} {self.path} {self.headers['host']} {body}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_address[1]}"
        serving.shutdown()


NODE = """
import https, { request } from 'node:https';
import { createRequire } from 'node:module';
import url from 'node:url';
const required = createRequire(import.meta.url)('https');
const collect = (make) => new Promise((resolve, reject) => {
  const sent = make((response) => {
    let text = '';
    response.on('data', (piece) => { text += piece; }).on('end', () => resolve(text));
  });
  sent.on('error', (error) => resolve(error.code));
  sent.end?.('body');
});
export const handler = async (event) => {
  const { hostname, path, port } = url.parse(event.url);
  const put = { hostname, path, method: 'PUT', headers: { 'content-length': 4 } };
  return Promise.all([
    collect((done) => https.request(put, done)),
    collect((done) => request({ ...put, port: 443, agent: new https.Agent() }, done)),
    collect((done) => required.request({ ...put, port }, done)),
    collect((done) => https.request(`https://${hostname}/a?b`, { method: 'PUT', headers: put.headers }, done)),
    collect((done) => https.request(new URL('https://localhost/a%20b'), put, done)),
    collect((done) => https.request({ ...put, port: 1 }, done)),
  ]);
};
"""


@needs_node
def test_node(place: Place, server: str) -> None:
    outcome = place.invoke(place.node(NODE, endpoint_url=server), {"url": f"{server}/x?y=1"})
    host = server.removeprefix("http://")
    at_home = f"PUT /x?y=1 {host} body"
    assert outcome.payload.decode() == (
        f'["{at_home}","{at_home}","{at_home}","PUT /a?b {host} body","{at_home}","ECONNREFUSED"]'
    ), text(outcome)


PYTHON = """
import http.client, urllib.parse, urllib.request
def put(connection, path):
    connection.request("PUT", path, "body")
    return connection.getresponse().read().decode()
def handler(event, context):
    url = urllib.parse.urlsplit(event["url"])
    path = url.path + "?" + url.query
    answers = [
        put(http.client.HTTPSConnection(url.netloc), path),
        put(http.client.HTTPSConnection(url.hostname, timeout=5), path),
        put(http.client.HTTPSConnection(url.hostname, 443), path),
        urllib.request.urlopen(f"https://{url.hostname}/a").read().decode(),
    ]
    try:
        put(http.client.HTTPSConnection(url.hostname, 1), path)
    except ConnectionRefusedError:
        return answers
"""


def test_python(place: Place, server: str) -> None:
    outcome = place.invoke(place.python(PYTHON, endpoint_url=server), {"url": f"{server}/x?y=1"})
    host = server.removeprefix("http://")
    at_home = f"PUT /x?y=1 {host} body"
    assert json.loads(outcome.payload) == [at_home, at_home, at_home, "GET /a 127.0.0.1 "], text(outcome)
