// A hop in words: what a resource is called, and how it ended.
import { clock, h, link, long } from './dom.js';

const KINDS = {
  function: 'function', stateMachine: 'workflow', activity: 'activity',
  'log-group': 'log group', 'event-bus': 'bus', rule: 'rule', table: 'table', user: 'user', role: 'role',
};

export function resource(arn) {
  const parts = arn.split(':');
  if (parts[0] !== 'arn' || parts.length < 6) return { kind: '', name: arn };
  const service = parts[2], rest = parts.slice(5).join(':');
  if (service === 'sns') return parts.length > 6 ? { kind: 'subscription', name: parts[5] } : { kind: 'topic', name: rest };
  if (service === 'sqs') return { kind: 'queue', name: rest };
  if (rest === 'root') return { kind: 'account', name: parts[4] };
  const [head, ...tail] = rest.split(/[:/]/);
  const name = rest.slice(head.length + 1);
  if (head === 'assumed-role') return { kind: `as ${tail[0]}`, name: brief(tail.slice(1).join('/')) };
  if (head === 'rule' && tail.length > 1) return { kind: `rule on ${tail[0]}`, name: tail[1] };
  if (head === 'execution' || head === 'express') {
    return { kind: tail[0], name: brief(tail[1] || '') };
  }
  return { kind: KINDS[head] || service, name: name || rest };
}

const brief = (id) => (/^[0-9a-f-]{36}$/.test(id) ? `…${id.slice(-8)}` : id); // ids begin with the time

export function called(arn) {
  const { kind, name } = resource(arn);
  const text = h('span', { title: arn }, kind ? h('span', { class: 'kind' }, kind) : null, name);
  if (/^arn:[^:]*:states:[^:]*:[^:]*:execution:/.test(arn)) return link('execution', arn, text);
  if (/^arn:[^:]*:sqs:/.test(arn)) return link('queue', arn, text);
  if (/^arn:[^:]*:lambda:[^:]*:[^:]*:function:/.test(arn)) return link('function', arn.split(':').slice(0, 7).join(':'), text);
  return text;
}

export const failed = (hop) => hop.status !== 'delivered' && hop.status !== 'audit';
const LOOKS = { delivered: 'good', audit: 'warn', ignored: 'soft' };

export function outcome(hop, late) {
  const words = hop.status === 'delivered' ? '✓' : hop.status === 'audit' ? '⚠ AWS would deny' : `✗ ${hop.status}`;
  const attempts = hop.attempts > 1 ? ` (attempt ${hop.attempts})` : '';
  return h('td', { class: 'outcome' },
    h('span', { class: late ? 'late' : LOOKS[hop.status] || 'bad', title: hop.status }, words, attempts, late ? ' after the end' : ''),
    hop.reason ? [' ', long(hop.reason, hop.id)] : null);
}

export function hopRow(hop, { trace = true, late = false } = {}) {
  return h('tr', null,
    h('td', { class: 'time', title: new Date(hop.at).toISOString() }, clock(hop.at)),
    h('td', null, called(hop.source)), h('td', null, called(hop.target)),
    h('td', null, hop.operation), outcome(hop, late),
    trace ? h('td', { class: 'time' }, hop.trace ? link('trace', hop.trace, 'sequence') : '') : null);
}

export const HEADS = ['Time', 'From', 'To', 'Operation', 'Outcome'];
