// Who made a change, as one name.

import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

const sqs = new SQSClient({});

export const handler = async ({ Records }) => {
  for (const { body } of Records) {
    const change = JSON.parse(body);
    change.author = change.author.login.toLowerCase();
    await sqs.send(new SendMessageCommand({ QueueUrl: process.env.SIZES, MessageBody: JSON.stringify(change) }));
  }
};
