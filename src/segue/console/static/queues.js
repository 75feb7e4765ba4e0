// Queues, how deep they are, and what lies in one: nothing is received by looking.
import { aws, peek, place, whereOf } from './api.js';
import { block, duration, empty, first, h, link, number, redraw, row, table, time } from './dom.js';

const DEPTHS = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible', 'ApproximateNumberOfMessagesDelayed'];
const HEADS = ['Queue', '#To receive', '#In flight', '#Delayed', '#Oldest', 'Dead letters go to'];

export async function queues(main, _, signal, { every }) {
  const body = h('div');
  main.replaceChildren(h('h1', null, 'Queues'), body);
  await every(2000, async () => {
    const found = await aws('sqs', 'ListQueues', { MaxResults: 100 }, signal);
    const urls = found.QueueUrls || [];
    const ask = (QueueUrl) => aws('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] }, signal).catch(gone);
    const of = (await Promise.all(urls.map(ask))).map((one) => one.Attributes).filter(Boolean);
    const looks = await Promise.all(of.map((one) => peek(one.QueueArn, signal, 0)));
    return { of: of.map((one, at) => ({ ...one, oldest: looks[at].oldestSentAt })), more: Boolean(found.NextToken) };
  }, ({ of, more }) => redraw(body, of.length ? table(HEADS, of.map(line)) : nothing(),
    more ? h('p', { class: 'soft' }, 'The first 100 queues.') : null));
}

function gone(error) {
  if (error.code?.includes('NonExistent') || error.code?.includes('DoesNotExist')) return {}; // deleted since the list was made
  throw error;
}

function line(attributes) {
  return row(link('queue', attributes.QueueArn, nameOf(attributes.QueueArn)), ...DEPTHS.map((name) => number(attributes[name])), number(age(attributes.oldest)), deadLetters(attributes));
}

function age(sentAt) {
  return sentAt ? duration(Math.max(0, Date.now() - sentAt)) : '–';
}

const nameOf = (arn) => arn.split(':').pop();

function deadLetters(attributes) {
  if (!attributes.RedrivePolicy) return '';
  const policy = JSON.parse(attributes.RedrivePolicy);
  return [link('queue', policy.deadLetterTargetArn, nameOf(policy.deadLetterTargetArn)), ` after ${policy.maxReceiveCount} receives`];
}

function nothing() {
  return first('No queues in this account and region. A first one, with a message:', 'aws sqs create-queue --queue-name hello',
    `aws sqs send-message --queue-url ${location.origin}/${place.account}/hello --message-body 'Hello'`);
}

export async function queue(main, arn, signal, { every }) {
  const body = h('div');
  const { account } = whereOf(arn);
  main.replaceChildren(h('p', null, h('a', { href: '#/queues' }, '← Queues')), h('h1', null, nameOf(arn)), body);
  const params = { QueueUrl: `${location.origin}/${account}/${nameOf(arn)}`, AttributeNames: ['All'] };
  await every(2000, async () => ({
    of: (await aws('sqs', 'GetQueueAttributes', params, signal, whereOf(arn))).Attributes, ...await peek(arn, signal),
  }), ({ of, messages, oldestSentAt }) => redraw(body,
    h('p', null, `${of[DEPTHS[0]]} to receive, ${of[DEPTHS[1]]} in flight, ${of[DEPTHS[2]]} delayed`, oldestSentAt ? `; the oldest is ${age(oldestSentAt)} old` : '', of.RedrivePolicy ? ['; dead letters go to ', deadLetters(of)] : ''),
    h('p', { class: 'soft' }, 'The oldest 50 messages. Looking receives nothing: no receive count rises, no message hides.'),
    messages.length ? table(['Sent', 'Message', 'State', '#Receives', 'Group', 'Trace'], messages.map(message)) : empty('The queue is empty.'),
    block('Attributes', JSON.stringify(of), 'attributes')));
}

function message(one) {
  const cut = one.bodyCharacters > one.body.length ? ` (the first ${one.body.length} of ${one.bodyCharacters} characters)` : '';
  const brief = one.body.length > 110 ? `${one.body.slice(0, 110)}…` : one.body;
  const state = one.visible ? 'to receive' : one.receiveCount ? 'in flight' : 'delayed';
  return row(time(one.sentAt),
    h('details', { 'data-key': one.messageId }, h('summary', null, brief), h('p', { class: 'soft' }, `${one.messageId}${cut}`),
      block(null, one.body)?.querySelector('pre'),
      Object.keys(one.attributes).length ? [h('p', { class: 'soft' }, 'Attributes'), block(null, JSON.stringify(one.attributes))?.querySelector('pre')] : null,
      one.source ? h('p', { class: 'soft' }, `Dead letter of ${one.source}`) : null),
    h('td', { class: one.visible ? 'time' : 'time soft' }, state), number(one.receiveCount), one.groupId || '', h('td', { class: 'time' }, conversation(one.trace)));
}

function conversation(trace) {
  const root = /Root=([^;]+)/.exec(trace || '');
  return root ? link('trace', root[1], 'sequence') : '';
}
