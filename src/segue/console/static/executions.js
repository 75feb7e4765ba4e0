// Workflows, their newest executions, and one execution with all that it did.
import { AwsError, aws, deliveries, place, whereOf } from './api.js';
import { block, clock, duration, first, h, link, number, redraw, row, table, time } from './dom.js';
import { sequence } from './sequence.js';

const LOOKS = { SUCCEEDED: 'good', RUNNING: '', PENDING_REDRIVE: '' };
const EVENTS = 1000, MAX_EVENTS = 25000;

const status = (one) => h('span', { class: LOOKS[one.status] ?? 'bad' }, one.status);
const took = (one) => duration((one.stopDate ? one.stopDate * 1000 : Date.now()) - one.startDate * 1000);

export async function executions(main, _, signal, { every }) {
  const body = h('div');
  main.replaceChildren(h('h1', null, 'Executions'), body);
  await every(2000, async () => {
    const machines = (await aws('states', 'ListStateMachines', { maxResults: 100 }, signal)).stateMachines;
    const shown = machines.toReversed().slice(0, 20);
    // what runs is drawn anew even if nothing but the time has changed
    return { now: Date.now(), more: machines.length - shown.length, of: await Promise.all(shown.map((machine) => withExecutions(machine, 8, signal))) };
  }, ({ of, more }) => redraw(body, of.length ? of.map(section) : nothing(),
    more ? h('p', { class: 'soft' }, `The 20 newest of ${more + 20} state machines.`) : null));
}

async function withExecutions(machine, count, signal) {
  try {
    const params = { stateMachineArn: machine.stateMachineArn, maxResults: count };
    return { machine, list: (await aws('states', 'ListExecutions', params, signal, whereOf(machine.stateMachineArn))).executions };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { machine, list: [], words: machine.type === 'EXPRESS' ? 'Express executions leave no list.' : error.message };
  }
}

function section({ machine, list, words }) {
  const about = words || (list.length ? '' : 'No executions yet:');
  return h('section', null,
    h('h2', null, link('machine', machine.stateMachineArn, machine.name), h('span', { class: 'soft' }, machine.type === 'EXPRESS' ? ' Express' : '')),
    list.length ? rows(list) : h('p', { class: 'soft' }, about),
    !list.length && !words ? h('pre', { tabindex: 0 }, start(machine.stateMachineArn)) : null);
}

const start = (arn) => `aws stepfunctions start-execution --state-machine-arn ${arn} --input '{}'`;

function rows(list) {
  return table(['Execution', 'Status', 'Started', '#Duration'], list.map((one) =>
    row(link('execution', one.executionArn, one.name), status(one), time(one.startDate * 1000), number(took(one)))));
}

function nothing() {
  return first('No state machines in this account and region. A first one:',
    `aws stepfunctions create-state-machine --name hello --role-arn arn:aws:iam::${place.account}:role/any \\`,
    `  --definition '{"StartAt": "Hello", "States": {"Hello": {"Type": "Pass", "Result": "Hello", "End": true}}}'`);
}

export async function machine(main, arn, signal, { every }) {
  const body = h('div');
  main.replaceChildren(h('p', null, h('a', { href: '#/executions' }, '← Executions')), h('h1', null, arn.split(':').pop()), body);
  await every(2000, async () => ({
    of: await aws('states', 'DescribeStateMachine', { stateMachineArn: arn }, signal, whereOf(arn)),
    found: await withExecutions({ stateMachineArn: arn }, 100, signal),
  }), ({ of, found }) => redraw(body,
    found.list.length ? rows(found.list) : h('p', { class: 'soft' }, found.words || 'No executions yet.'),
    h('pre', { tabindex: 0 }, start(arn)), block('Definition', of.definition, 'definition'),
    h('p', { class: 'soft' }, `${of.type} · role ${of.roleArn}`)));
}

export async function execution(main, arn, signal, { every, reach }) {
  const head = h('div'), trail = h('div'), past = h('div');
  const [, , , , , , name] = arn.split(':');
  main.replaceChildren(h('p', null, h('a', { href: '#/executions' }, '← Executions')), h('h1', null, arn.split(':').slice(7).join(':')), head,
    h('h2', null, 'What it moved'), trail, h('h2', null, 'History'), past);
  const of = await reach(() => aws('states', 'DescribeExecution', { executionArn: arn }, signal, whereOf(arn)));
  const trace = await reach(() => traceOf(arn, of, signal));
  const lasted = h('dd');
  let ended = 0;
  await every(1500, async () => {
    if (ended > 3) return { still: true }; // late answers may still come for a moment
    const now = await aws('states', 'DescribeExecution', { executionArn: arn }, signal, whereOf(arn));
    if (now.status !== 'RUNNING') ended += 1;
    lasted.textContent = took(now);
    return { now, events: await history(arn, signal), hops: trace ? await deliveries({ trace }, signal) : [] };
  }, ({ still, now, events, hops }) => {
    if (still) return;
    redraw(head, overview(now, name, lasted, events), h('div', { class: 'columns' }, block('Input', now.input), block('Output', now.output)),
      now.error ? h('p', { class: 'bad' }, `Error: ${now.error}`) : null, block('Cause', now.cause));
    redraw(trail, hops.length ? [h('p', null, link('trace', trace, 'this conversation alone')), ...sequence(hops, { arn, at: now.stopDate && Math.round(now.stopDate * 1000) })]
      : h('p', { class: 'soft' }, 'Nothing moved between resources (or the record of it is no longer kept).'));
    redraw(past, eventTable(events));
  });
}

function overview(now, machineName, lasted, { events, more, count }) {
  const parent = startedBy(now.input), children = childrenOf(events);
  return h('dl', null, h('dt', null, 'State machine'), h('dd', null, link('machine', now.stateMachineArn, machineName)),
    h('dt', null, 'Status'), h('dd', null, status(now)), h('dt', null, 'Started'), h('dd', null, clock(now.startDate * 1000, true)),
    h('dt', null, 'Duration'), lasted,
    parent ? [h('dt', null, 'Started by'), h('dd', null, toExecution(parent))] : null,
    children.length ? [h('dt', null, 'Has started'), h('dd', null, children.slice(0, 12).map((arn) => h('div', null, toExecution(arn))),
      children.length > 12 ? `… ${more ? 'at least ' : ''}${children.length - 12} more` : null)] : null,
    h('dt', null, 'Of its limits'), h('dd', { class: count > 0.8 * MAX_EVENTS ? 'bad' : null }, `${count.toLocaleString('en')} of ${MAX_EVENTS.toLocaleString('en')} events, ${largest(events)}${more ? ' so far' : ''}`));
}

const toExecution = (arn) => link('execution', arn, arn.split(':').slice(6).join(':'));

// What AWS's own console links executions by.
function startedBy(input) {
  const arn = parsed(input)?.AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID;
  return typeof arn === 'string' && arn.includes(':execution:') ? arn : null;
}

function childrenOf(events) {
  const arns = events.map((event) => event.taskSubmittedEventDetails || event.taskSucceededEventDetails)
    .filter((details) => details && (details.resourceType === 'states' || details.resourceType === 'aws-sdk:sfn'))
    .map((details) => { const told = parsed(details.output); return told?.ExecutionArn || told?.executionArn; });
  return [...new Set(arns.filter((arn) => typeof arn === 'string' && arn.includes(':execution:')))];
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return null; }
}

function largest(events) {
  const bytes = Math.max(0, ...events.map((event) => {
    const details = event.stateEnteredEventDetails?.input ?? event.stateExitedEventDetails?.output ?? '';
    return new Blob([details]).size;
  }));
  return `largest payload ${(bytes / 1024).toFixed(1)} of 256 KiB`;
}

// The first hop of an execution is its start; ids begin with the time, so the search begins there.
async function traceOf(arn, of, signal) {
  const root = /Root=([^;]+)/.exec(of.traceHeader || '');
  if (root) return root[1];
  const after = String(BigInt(Math.round(of.startDate * 1000) - 1) << 22n);
  return (await deliveries({ resource: arn, after }, signal))[0]?.trace;
}

async function history(arn, signal) {
  const events = [];
  let nextToken;
  do {
    const page = await aws('states', 'GetExecutionHistory', { executionArn: arn, maxResults: 500, nextToken }, signal, whereOf(arn));
    events.push(...page.events);
    nextToken = page.nextToken;
  } while (nextToken && events.length < EVENTS);
  const newest = nextToken && await aws('states', 'GetExecutionHistory', { executionArn: arn, maxResults: 1, reverseOrder: true }, signal, whereOf(arn));
  return { events, more: Boolean(nextToken), count: newest ? newest.events[0].id : events.length };
}

function eventTable({ events, more }) {
  const began = events[0]?.timestamp;
  const lines = events.map((event) => {
    const [key, details] = Object.entries(event).find(([name]) => name.endsWith('Details')) || [];
    const what = details && (details.name || details.resource && `${details.resourceType || ''}:${details.resource}` || details.error) || '';
    const bad = /Failed|TimedOut|Aborted/.test(event.type);
    return row(number(event.id), number(`+${duration((event.timestamp - began) * 1000)}`), h('td', { class: bad ? 'time bad' : 'time' }, event.type), what,
      details ? h('details', { 'data-key': `event${event.id}` }, h('summary', { 'aria-label': key }, hint(details)), detailsOf(details)) : '');
  });
  return [table(['#Id', '#After', 'Event', 'State or resource', 'Details'], lines),
    more ? h('p', { class: 'soft' }, `The first ${EVENTS} events; aws stepfunctions get-execution-history tells all.`) : null];
}

function hint(details) {
  const text = details.cause || details.output || details.input || details.parameters || details.name || '…';
  return text.length > 70 ? `${text.slice(0, 70)}…` : text;
}

function detailsOf(details) {
  return Object.entries(details).filter(([name]) => !name.endsWith('Details')).map(([name, value]) =>
    h('div', null, h('span', { class: 'kind' }, name), block(null, typeof value === 'string' ? value : JSON.stringify(value))?.querySelector('pre')));
}
