"""HTTPS to the server's own host reaches the server at its own port, from code that knows nothing of it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from segue.runtimes import Credentials
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
import http from 'node:http';
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
    collect((done) => http.request({ ...put, hostname: `sync-${hostname}`, port }, done)),
    fetch(event.url, { method: 'PUT', body: 'body' }).then((answer) => answer.text()),
  ]);
};
"""


@needs_node
def test_node(place: Place, server: str) -> None:
    outcome = place.invoke(place.node(NODE, endpoint_url=server), {"url": f"{server}/x?y=1"})
    host = server.removeprefix("http://")
    at_home = f"PUT /x?y=1 {host} body"
    assert outcome.payload.decode() == (
        f'["{at_home}","{at_home}","{at_home}","PUT /a?b {host} body","{at_home}","ECONNREFUSED",'
        f'"PUT /x?y=1 sync-{host} body","{at_home}"]'
    ), text(outcome)


SIGNED = """
import https from 'node:https';
const put = (hostname, headers, path = '/') => new Promise((resolve) => {
  const sent = https.request({ hostname, path, method: 'PUT', headers, timeout: 2000 }, (response) => {
    let text = '';
    response.on('data', (piece) => { text += piece; }).on('end', () => resolve(text));
  });
  sent.on('error', () => resolve('refused')).end();
});
const key = process.env.AWS_ACCESS_KEY_ID;
export const handler = async () => Promise.all([
  put('sqs.us-east-1.amazonaws.com', { Authorization: `AWS4-HMAC-SHA256 Credential=${key}/20261121/us-east-1/sqs` }),
  put('b.s3.amazonaws.com', {}, `/k?X-Amz-Credential=${key}%2F20261121`),
  put('b.s3.amazonaws.com', {}, `/k?AWSAccessKeyId=${key}&Expires=1`),
  put('nowhere.invalid.amazonaws.com', { Authorization: 'AWS4-HMAC-SHA256 Credential=OTHER/20261121' }),
]);
"""


@needs_node
def test_signed_requests_to_aws_come_home(place: Place, server: str) -> None:
    spec = place.node(SIGNED, endpoint_url=server, credentials=Credentials("ASIAKEY", "secret"))
    answers = json.loads(place.invoke(spec).payload)
    assert answers == [
        "PUT / sqs.us-east-1.amazonaws.com ",
        "PUT /k?X-Amz-Credential=ASIAKEY%2F20261121 b.s3.amazonaws.com ",
        "PUT /k?AWSAccessKeyId=ASIAKEY&Expires=1 b.s3.amazonaws.com ",
        "refused",
    ]


SDK2 = {
    "index.js": """
const AWS = require('aws-sdk');
exports.handler = async () => [AWS.config.endpoint, AWS.config.s3ForcePathStyle, new AWS.Service('own').endpoint];
""",
    "node_modules/aws-sdk/package.json": '{"main": "lib/aws.js"}',
    "node_modules/aws-sdk/lib/aws.js": "const aws = module.exports = require('./core'); aws.config = new aws.Config();",
    "node_modules/aws-sdk/lib/core.js": """
function Config() { Object.assign(this, this.keys); }
Config.prototype = { keys: {}, update(more) { Object.assign(this, more); } };
class Service { constructor(endpoint) { this.endpoint = endpoint || exports.config.endpoint; } }
Object.assign(exports, { Config, config: new Config(), Service });
""",
}


@needs_node
def test_version_2_of_the_sdk_knows_its_endpoint(place: Place, server: str) -> None:
    spec = place.function(SDK2, runtime="nodejs16.x", handler="index.handler", endpoint_url=server)
    assert json.loads(place.invoke(spec).payload) == [server, True, "own"]


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
        answers.append(urllib.request.urlopen(f"http://sync-{url.netloc}/s").read().decode())
        return answers
"""


def test_python(place: Place, server: str) -> None:
    outcome = place.invoke(place.python(PYTHON, endpoint_url=server), {"url": f"{server}/x?y=1"})
    host = server.removeprefix("http://")
    at_home = f"PUT /x?y=1 {host} body"
    assert json.loads(outcome.payload) == [at_home, at_home, at_home, "GET /a 127.0.0.1 ", f"GET /s sync-{host} "], (
        text(outcome)
    )


OLD_SDK = """
class ClientCreator:
    def create_client(self, service_name, region_name, is_secure=True, endpoint_url=None):
        return endpoint_url
"""


@pytest.mark.parametrize(("version", "is_told"), [("1.23.54", True), ("1.31.0", False)])
def test_an_old_sdk_of_the_packages_own_is_told_its_address(
    place: Place, server: str, version: str, is_told: bool
) -> None:
    body = """
from botocore.client import ClientCreator
def handler(event, context):
    create = ClientCreator().create_client
    return [create("sqs", "r"), create("sqs", "r", endpoint_url="own"), create("sqs", "r", True, "own")]
"""
    files = {"app.py": body, "botocore/__init__.py": f"__version__ = '{version}'", "botocore/client.py": OLD_SDK}
    outcome = place.invoke(place.function(files, endpoint_url=server))
    assert json.loads(outcome.payload) == [server if is_told else None, "own", "own"], text(outcome)
