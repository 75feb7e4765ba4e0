// Segue's Lambda runtime for Node.js: loads the handler, then asks the Runtime API for events until it is ended.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and .../nodejs-handler.html.
import { RuntimeClient } from './client.mjs';
import { patchConsole, setRequestId } from './console.mjs';
import { Context, finisher } from './context.mjs';
import { asError, formatted, runtimeError } from './errors.mjs';
import { installWayHome } from './home.mjs';
import { loadHandler } from './loader.mjs';
import { installSdk2 } from './sdk2.mjs';
import { installStreaming, isStreaming, ResponseStream } from './streaming.mjs';

const client = new RuntimeClient(process.env.AWS_LAMBDA_RUNTIME_API);

class Runtime {
  constructor() {
    this.requestId = null; // of the invocation in hand
    this.handler = null;
    this.afterLoop = null; // what to do once the event loop is empty
  }

  /** Tell of an error that nobody caught, for the invocation in hand or the init phase, and go. */
  die(error, exitCode) {
    const told = this.requestId === null ? client.initError(error) : client.error(this.requestId, error);
    told.finally(() => process.exit(exitCode));
  }

  async run() {
    for (;;) {
      const event = await client.next();
      this.requestId = event.requestId;
      setRequestId(event.requestId);
      if (event.traceId) process.env._X_AMZN_TRACE_ID = event.traceId;
      else delete process.env._X_AMZN_TRACE_ID;
      await (isStreaming(this.handler) ? this.stream(event) : this.answer(event));
      this.requestId = null;
    }
  }

  /** One event for a handler that returns a promise or calls back. */
  async answer(event) {
    let body;
    try {
      const result = await this.call(event);
      try {
        body = JSON.stringify(result === undefined ? null : result) ?? 'null';
      } catch {
        throw new Error('Unable to stringify response body');
      }
    } catch (error) {
      console.error('Invoke Error', formatted(asError(error)));
      await client.error(event.requestId, error);
      return;
    }
    await client.response(event.requestId, body);
  }

  call(event) {
    return new Promise((resolve, reject) => {
      const settle = (error, result) => (error === undefined || error === null ? resolve(result) : reject(error));
      const finish = finisher(settle, (later) => { this.afterLoop = later; });
      const context = new Context(event, finish);
      // An empty event loop ends the invocation, whatever is still promised: with what was called back, or null.
      this.afterLoop = () => resolve(null);
      const parsed = JSON.parse(event.body);
      const returned = this.handler(parsed, context, finish.callback(context));
      if (returned !== null && typeof returned === 'object' && typeof returned.then === 'function') {
        returned.then(finish.succeed, finish.fail);
      }
    }).finally(() => { this.afterLoop = null; });
  }

  /** One event for a handler wrapped by awslambda.streamifyResponse. */
  async stream(event) {
    const stream = new ResponseStream(client, event.requestId);
    try {
      await this.handler(JSON.parse(event.body), stream, new Context(event, finisher(() => {}, () => {})));
      await stream.finished();
    } catch (error) {
      console.error('Invoke Error', formatted(asError(error)));
      await stream.fail(error);
    }
  }
}

const runtime = new Runtime();
patchConsole();
installStreaming();
installWayHome(process.env._HOME_ENDPOINT_URL);
installSdk2(process.env._HOME_ENDPOINT_URL);
process.on('beforeExit', () => {
  const next = runtime.afterLoop;
  runtime.afterLoop = null;
  if (next) next();
});
process.on('uncaughtException', (error) => {
  console.error('Uncaught Exception', formatted(asError(error)));
  runtime.die(error, 129);
});
process.on('unhandledRejection', (reason, promise) => {
  const error = runtimeError('UnhandledPromiseRejection', asError(reason).message === undefined ? String(reason) : String(reason));
  Object.assign(error, { reason, promise });
  if (reason instanceof Error) error.stack = `Runtime.UnhandledPromiseRejection: ${reason}\n${error.stack.split('\n').slice(1).join('\n')}`;
  console.error('Unhandled Promise Rejection', formatted(error));
  runtime.die(error, 128);
});
try {
  runtime.handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
} catch (error) {
  console.error('Uncaught Exception', formatted(asError(error)));
  await client.initError(error);
  process.exit(129);
}
await runtime.run();
