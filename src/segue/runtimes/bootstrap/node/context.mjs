// The context object, and the ways in which an invocation can be ended by its handler.

export class Context {
  constructor(event, finish) {
    const deadlineMs = event.deadlineMs;
    this.callbackWaitsForEmptyEventLoop = true;
    this.functionVersion = process.env.AWS_LAMBDA_FUNCTION_VERSION;
    this.functionName = process.env.AWS_LAMBDA_FUNCTION_NAME;
    this.memoryLimitInMB = process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE;
    this.logGroupName = process.env.AWS_LAMBDA_LOG_GROUP_NAME;
    this.logStreamName = process.env.AWS_LAMBDA_LOG_STREAM_NAME;
    this.clientContext = parsed(event.clientContext);
    this.identity = parsed(event.cognitoIdentity);
    this.invokedFunctionArn = event.invokedFunctionArn;
    this.awsRequestId = event.requestId;
    this.getRemainingTimeInMillis = () => Math.max(0, deadlineMs - Date.now());
    this.done = finish.done;
    this.fail = finish.fail;
    this.succeed = finish.succeed;
  }
}

function parsed(text) {
  return text === undefined || text === '' ? undefined : JSON.parse(text);
}

/**
 * The first ending counts, others are ignored. succeed, fail, done and promises end at once; a callback waits until the
 * event loop is empty (`whenEmpty`) unless callbackWaitsForEmptyEventLoop is false.
 */
export function finisher(settle, whenEmpty) {
  let ended = false;
  const once = (action) => {
    if (ended) return;
    ended = true;
    action();
  };
  const orHandled = (error) => (error === undefined || error === null ? new Error('handled') : error);
  return {
    succeed: (result) => once(() => settle(null, result)),
    fail: (error) => once(() => settle(orHandled(error))),
    done: (error, result) => once(() => settle(error, result)),
    callback: (context) => (error, result) => once(() => {
      if (context.callbackWaitsForEmptyEventLoop === false) settle(error, result);
      else whenEmpty(() => settle(error, result));
    }),
  };
}
