// Response streaming: the global awslambda, and the stream that such a handler writes to.
// https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
import { Writable } from 'node:stream';

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HTTP_METADATA_TYPE = 'application/vnd.awslambda.http-integration-response';

export function isStreaming(handler) {
  return handler[STREAMING] === 'response';
}

export function installStreaming() {
  globalThis.awslambda = {
    streamifyResponse(handler) {
      handler[STREAMING] = 'response';
      return handler;
    },
    HttpResponseStream: {
      /** Status, headers and cookies go first, as JSON, then eight zero bytes, then the body. */
      from(stream, metadata) {
        stream.setContentType(HTTP_METADATA_TYPE);
        stream.write(JSON.stringify(metadata));
        stream.write(Buffer.alloc(8));
        return stream;
      },
    },
  };
}

export class ResponseStream extends Writable {
  #client;
  #requestId;
  #contentType = 'application/octet-stream';
  #hasBegun = false;
  #sent = null;

  constructor(client, requestId) {
    super({ highWaterMark: 65536 });
    this.#client = client;
    this.#requestId = requestId;
    this.on('error', () => {});
  }

  setContentType(contentType) {
    this.#contentType = contentType;
  }

  _write(chunk, encoding, done) {
    this.#begin();
    this.#client.writeStream(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk, encoding), done);
  }

  _final(done) {
    this.#begin();
    this.#sent = this.#client.endStream();
    done();
  }

  /** Wait for the handler's end() and for the platform's acknowledgement. */
  async finished() {
    if (!this.writableFinished) await new Promise((resolve) => this.once('finish', resolve));
    await this.#sent;
  }

  /** The handler failed: said in the trailers if something has been sent, else as any error. */
  async fail(error) {
    if (this.#sent) return void await this.#sent;
    if (this.#hasBegun) await this.#client.endStream(error);
    else await this.#client.error(this.#requestId, error);
    this.destroy();
  }

  #begin() {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#client.beginStream(this.#requestId, this.#contentType);
  }
}
