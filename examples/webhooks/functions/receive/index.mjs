// Lets in what GitHub has signed, and sends it to the queue of its event. The signature is that of the bytes that came:
// https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries

import { createHmac, timingSafeEqual } from 'node:crypto';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

const { PULL_REQUESTS, PUSHES, WEBHOOK_SECRET } = process.env;
const queues = { push: PUSHES, pull_request: PULL_REQUESTS };
const sqs = new SQSClient({});

export const handler = async (event) => {
  const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  const { 'x-github-event': name, 'x-github-delivery': delivery, 'x-hub-signature-256': signature } = event.headers;
  if (!signed(body, signature)) {
    console.warn('delivery %s is not signed by whoever knows the secret', delivery);
    return answer(401, 'wrong signature');
  }
  if (name === 'ping') return answer(200, 'pong');
  const queue = queues[name];
  if (!queue) return answer(202, `nothing is done for ${name}`);
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: queue,
      MessageBody: JSON.stringify({ delivery, payload: JSON.parse(body.toString('utf8')) }),
    }),
  );
  return answer(202, 'accepted');
};

function signed(body, signature = '') {
  const right = Buffer.from(`sha256=${createHmac('sha256', WEBHOOK_SECRET).update(body).digest('hex')}`);
  const given = Buffer.from(signature);
  return given.length === right.length && timingSafeEqual(given, right);
}

function answer(statusCode, message) {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
}
