// The Runtime API over one kept connection. It keeps the process alive only while a request is under way, so that an
// invocation that waits for an empty event loop sees one.
import net from 'node:net';
import { forRuntimeApi } from './errors.mjs';

const PREFIX = '/2018-06-01/runtime/';

export class RuntimeClient {
  constructor(address) {
    const [host, port] = address.split(':');
    this.address = address;
    this.socket = net.connect({ host, port: Number(port), noDelay: true });
    this.received = [];
    this.waiting = null;
    this.needed = 0; // bytes of the answer in hand, once its head is known
    this.socket.on('data', (chunk) => this.#onData(chunk));
    // Without the Runtime API there is nothing left to do.
    this.socket.on('error', () => process.exit(1));
    this.socket.on('close', () => process.exit(1));
  }

  async next() {
    const { headers, body } = await this.#request(`GET ${PREFIX}invocation/next HTTP/1.1\r\nHost: ${this.address}\r\n\r\n`);
    return {
      requestId: headers['lambda-runtime-aws-request-id'],
      deadlineMs: Number(headers['lambda-runtime-deadline-ms']),
      invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
      traceId: headers['lambda-runtime-trace-id'],
      clientContext: headers['lambda-runtime-client-context'],
      cognitoIdentity: headers['lambda-runtime-cognito-identity'],
      body,
    };
  }

  response(requestId, body) {
    return this.#post(`invocation/${requestId}/response`, body);
  }

  error(requestId, error) {
    return this.#postError(`invocation/${requestId}/error`, error);
  }

  initError(error) {
    return this.#postError('init/error', error);
  }

  /** Begin a response in streaming mode; end it with endStream. */
  beginStream(requestId, contentType) {
    this.socket.write(
      `POST ${PREFIX}invocation/${requestId}/response HTTP/1.1\r\nHost: ${this.address}\r\n` +
      `Content-Type: ${contentType}\r\nTransfer-Encoding: chunked\r\n` +
      'Lambda-Runtime-Function-Response-Mode: streaming\r\n' +
      'Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n',
    );
  }

  writeStream(chunk, done) {
    if (chunk.length === 0) { done(); return; }
    this.socket.cork();
    this.socket.write(`${chunk.length.toString(16)}\r\n`);
    this.socket.write(chunk);
    this.socket.write('\r\n', done);
    this.socket.uncork();
  }

  /** End it, with an error's trailers if it went wrong. */
  endStream(error) {
    let trailers = '';
    if (error !== undefined) {
      const told = forRuntimeApi(error);
      const body = Buffer.from(JSON.stringify(told)).toString('base64');
      trailers = `Lambda-Runtime-Function-Error-Type: ${headerText(told.errorType)}\r\nLambda-Runtime-Function-Error-Body: ${body}\r\n`;
    }
    return this.#request(`0\r\n${trailers}\r\n`);
  }

  #postError(path, error) {
    const told = forRuntimeApi(error);
    return this.#post(path, JSON.stringify(told), `Lambda-Runtime-Function-Error-Type: ${headerText(told.errorType)}\r\n`);
  }

  #post(path, body, headers = '') {
    const head =
      `POST ${PREFIX}${path} HTTP/1.1\r\nHost: ${this.address}\r\nContent-Type: application/json\r\n` +
      `${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    return this.#request(head + body);
  }

  #request(text) {
    this.socket.ref();
    return new Promise((resolve) => {
      this.waiting = resolve;
      this.socket.write(text);
    });
  }

  #onData(chunk) {
    this.received.push(chunk);
    const length = this.received.reduce((sum, part) => sum + part.length, 0);
    if (this.needed > length) return;
    const data = this.received.length === 1 ? chunk : Buffer.concat(this.received);
    const headEnd = data.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const headers = {};
    for (const line of data.toString('utf8', 0, headEnd).split('\r\n').slice(1)) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const bodyStart = headEnd + 4;
    this.needed = bodyStart + Number(headers['content-length'] ?? 0);
    if (data.length < this.needed) {
      this.received = [data];
      return;
    }
    const body = data.toString('utf8', bodyStart, this.needed);
    this.received = [];
    this.needed = 0;
    const resolve = this.waiting;
    this.waiting = null;
    this.socket.unref();
    if (resolve) resolve({ headers, body });
  }
}

function headerText(text) {
  return String(text).replace(/[^\x20-\x7e]/g, '?');
}
