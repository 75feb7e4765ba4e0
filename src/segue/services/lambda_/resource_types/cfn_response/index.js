// Answers a custom resource's request: const { send, SUCCESS, FAILED } = require('cfn-response').
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html
'use strict';

exports.SUCCESS = 'SUCCESS';
exports.FAILED = 'FAILED';

/** Puts the answer to the request's ResponseURL and then ends the invocation; the promise is for who awaits it. */
exports.send = function send(event, context, responseStatus, responseData, physicalResourceId, noEcho) {
  const answer = JSON.stringify({
    Status: responseStatus,
    Reason: `See the details in CloudWatch Log Stream: ${context.logStreamName}`,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  console.log('Response body:\n', answer);
  const url = new URL(event.ResponseURL);
  const { request } = require(url.protocol === 'http:' ? 'http' : 'https');
  const end = () => (typeof context.done === 'function' ? context.done() : undefined);
  return new Promise((resolve) => {
    const headers = { 'content-type': '', 'content-length': Buffer.byteLength(answer) };
    const put = request(url, { method: 'PUT', headers }, (response) => {
      console.log(`Status code: ${response.statusCode}`);
      response.resume();
      resolve(end());
    });
    put.on('error', (error) => {
      console.log(`send(..) failed executing request(..): ${error}`);
      resolve(end());
    });
    put.end(answer);
  });
};
