// What matters of a pull request.

import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

const sqs = new SQSClient({});

export const handler = async ({ Records }) => {
  for (const { body } of Records) {
    const { delivery, payload } = JSON.parse(body);
    const { number, title, user, additions, deletions, changed_files: files } = payload.pull_request;
    const change = {
      id: `${payload.repository.full_name}#${number}/${payload.action}`,
      kind: 'pull request',
      repository: payload.repository.full_name,
      title,
      author: user,
      files,
      lines: additions + deletions,
      delivery,
    };
    await sqs.send(new SendMessageCommand({ QueueUrl: process.env.CHANGES, MessageBody: JSON.stringify(change) }));
  }
};
