// The nodes that share the store, what they do, and what waits.
import { cluster as ask } from './api.js';
import { duration, h, number, redraw, row, table } from './dom.js';

const HEADS = ['Node', 'Address', 'Version', 'State', '#Requests/s', '#Units/s', '#Jobs', '#Connections', '#Waiting', '#Functions', '#Late p50', '#Late p99'];
const LOAD = ['requestsPerSecond', 'unitsPerSecond', 'leased', 'connections', 'waiting', 'functions'];
const SORTS = { due: 'Due and not begun', leased: 'Begun by a node', parked: 'Waiting to be woken', later: 'For later' };

export async function cluster(main, _, signal, { every }) {
  const body = h('div');
  main.replaceChildren(h('h1', null, 'Cluster'), body);
  await every(2000, () => ask(signal), (found) => redraw(body,
    table(HEADS, found.nodes.map((node) => line(node, found.now))),
    h('h2', null, 'Jobs'),
    h('p', { class: found.oldestDueMs > 1000 ? 'bad' : '' }, found.oldestDueMs ? `The oldest due job waits for ${duration(found.oldestDueMs)}.` : 'Nothing is late.'),
    found.unknownKinds.map((kind) => h('p', { class: 'warn' }, `Jobs of kind ${kind} wait for a newer Segue.`)),
    table(['', '#How many', 'Of which kinds'], Object.keys(SORTS).map((sort) => jobs(sort, found))),
    h('h2', null, 'Database'), h('p', null, database(found.database))));
}

function line(node, now) {
  const state = node.here ? `up for ${duration(now - node.startedAt)}` : `missed for ${duration(now - node.seenAt)}`;
  const load = node.here ? LOAD.map((name) => node[name]) : LOAD.map(() => undefined);
  const late = (node.here && node.lateMs) || [];
  return row(`${node.number} ${node.name}`, node.address || '–', node.version || '–',
    h('td', { class: node.here ? 'good' : 'bad' }, state),
    ...load.map((value) => number(value ?? '–')), ...[0, 1].map((at) => number(late[at] === undefined ? '–' : duration(late[at]))));
}

function jobs(sort, found) {
  const kinds = Object.entries(found.jobs[sort]);
  const count = kinds.reduce((sum, [, of]) => sum + of, 0);
  return row(SORTS[sort], number(count >= found.jobsCountedAtMost ? `${count} or more` : count), kinds.map(([kind, of]) => `${kind} ${of}`).join(', '));
}

function database({ engine, bytes, connections, maxConnections }) {
  const size = `${engine}, ${(bytes / 1048576).toFixed(1)} MiB`;
  return connections === undefined ? size : `${size}, ${connections} of ${maxConnections} connections`;
}
