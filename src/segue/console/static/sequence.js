// One conversation as a sequence: a lane for each resource, an arrow for each hop, in the order of time.
import { clock, duration, h, svg } from './dom.js';
import { HEADS, failed, hopRow, resource } from './hops.js';

const GUTTER = 72, ROW = 38, HEAD = 56, DRAWN = 300;

export function sequence(hops, ended) {
  const lane = lanesOf(hops);
  const ordered = inOrder(hops, lane).slice(0, DRAWN);
  const lanes = [...new Set(ordered.flatMap((hop) => [lane(hop.source), lane(hop.target)]))];
  const room = (document.getElementById('main').clientWidth - GUTTER - 60) / lanes.length;
  const wide = Math.min(Math.max(room, 104), 220);
  const x = new Map(lanes.map((name, index) => [name, GUTTER + wide * (index + 0.5)]));
  const width = GUTTER + wide * lanes.length, height = ROW * ordered.length + 10;
  const detail = h('div', { 'aria-live': 'polite' });
  const late = (hop) => isLate(hop, ended);
  const show = (hop) => detail.replaceChildren(details(hop));
  const heads = svg('svg', { class: 'lanes', width, height: HEAD, 'aria-hidden': 'true' }, lanes.map((name) => heading(name, x.get(name), Math.floor(wide / 8.6))));
  const lines = lanes.map((name) => svg('line', { class: 'lane', x1: x.get(name), x2: x.get(name), y1: 0, y2: height }));
  const start = ordered[0]?.at;
  const arrows = ordered.map((hop, index) => arrow(hop, { from: x.get(lane(hop.source)), to: x.get(lane(hop.target)), y: index * ROW, width, start, late: late(hop), show }));
  const drawing = svg('svg', { width, height, role: 'group', 'aria-label': 'Sequence of hops; the table below says the same' }, lines, arrows);
  const rows = ordered.map((hop) => hopRow(hop, { trace: false, late: late(hop) }));
  const heading2 = HEADS.map((head) => h('th', { scope: 'col' }, head));
  return [
    h('div', { class: 'sequence', tabindex: 0, role: 'region', 'aria-label': 'Sequence' }, heads, drawing), detail,
    hops.length > DRAWN ? h('p', { class: 'soft' }, `The first ${DRAWN} of ${hops.length} hops.`) : null,
    h('details', { 'data-key': 'hops' }, h('summary', null, 'The same as a table'),
      h('div', { class: 'wide' }, h('table', null, h('thead', null, h('tr', null, heading2)), h('tbody', null, rows)))),
  ];
}

// What others do when the execution (its ARN, the time of its end) is over, or what is told that it comes too late.
// What the execution itself did before its end may be written down a moment after it.
export function isLate(hop, { arn = '', at }) {
  const own = hop.source === arn || hop.source.endsWith(`/${arn.split(':')[7]?.slice(0, 64)}`);
  return (at !== undefined && hop.at > at && !own) || /\bTaskTimedOut\b/.test(hop.reason);
}

// A function or an execution calls as a session of its role, named like itself: that is its own lane, not another.
function lanesOf(hops) {
  const arns = [...new Set(hops.flatMap((hop) => [hop.source, hop.target]))];
  const own = arns.filter((arn) => /:(states|lambda):/.test(arn)).sort();
  const known = new Map(arns.map((arn) => [arn, arn]));
  for (const arn of arns.filter((one) => one.includes(':assumed-role/'))) {
    const session = arn.split('/').pop();
    const match = own.find((one) => one.split(':').pop().slice(0, 64) === session)
      || own.find((one) => one.includes(':lambda:') && one.split(':')[6] === session);
    if (match) known.set(arn, match);
  }
  return (arn) => known.get(arn);
}

// Hops of one commit carry the same time, written down from the inside out: what causes stands before what it causes.
function inOrder(hops, lane) {
  const result = [];
  for (let first = 0; first < hops.length;) {
    let last = first + 1;
    while (last < hops.length && hops[last].at === hops[first].at && last - first < 100) last += 1;
    const left = hops.slice(first, last);
    while (left.length) {
      const index = left.findIndex((hop) => !left.some((other) => other !== hop && causes(other, hop, lane)));
      result.push(...left.splice(Math.max(index, 0), 1));
    }
    first = last;
  }
  return result;
}

function causes(earlier, later, lane) {
  if (lane(earlier.source) === lane(earlier.target)) return false;
  const rule = later.source.match(/:rule\/([^/]+)\/[^/]+$/);
  return lane(earlier.target) === lane(later.source) || (rule !== null && earlier.target.endsWith(`:event-bus/${rule[1]}`));
}

function heading(arn, x, most) {
  const { kind, name } = resource(arn);
  const short = (text) => (text.length > most ? `${text.slice(0, most / 2)}…${text.slice(-(most / 2 - 1))}` : text);
  return svg('g', { 'text-anchor': 'middle' }, svg('title', null, arn),
    svg('text', { class: 'kind-text', x, y: 17 }, short(kind)),
    linesOf(name, most).map((line, index) => svg('text', { x, y: 32 + 14 * index, 'font-weight': 600 }, short(line))));
}

// A long name on two lines, broken where its words begin.
function linesOf(name, most) {
  if (name.length <= most) return [name];
  let first = '';
  for (const word of name.match(/[A-Z]?[^A-Z_./-]*[_./-]?/g)) {
    if (first.length + word.length > most) break;
    first += word;
  }
  return first ? [first, name.slice(first.length)] : [name];
}

function arrow(hop, { from, to, y, width, start, late, show }) {
  const line = y + 27, away = from === to;
  const tip = to > from ? -7 : 7;
  const path = away ? `M${from} ${line - 8}h26v9H${from + 6}` : `M${from} ${line}H${to + tip}`;
  const head = away ? `M${from} ${line + 1}l8 -4v8z` : `M${to} ${line}l${to > from ? -9 : 9} -4.5v9z`;
  const look = hop.status === 'audit' ? 'audit' : late || hop.status === 'ignored' ? 'late' : failed(hop) ? 'failed' : '';
  const words = label(hop, away ? width : Math.abs(to - from));
  const open = () => show(hop);
  const said = `${hop.operation} from ${resource(hop.source).name} to ${resource(hop.target).name}: ${hop.status}${late ? ', after the end' : ''}. ${hop.reason}`;
  return svg('g', { class: `hop ${look}`, tabindex: 0, role: 'button', 'aria-label': said, onclick: open, onkeydown: (event) => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); open(); } } },
    svg('title', null, said),
    svg('rect', { x: 0, y, width, height: ROW }),
    svg('text', { class: 'at', x: 6, y: line + 3 }, `+${duration(hop.at - start)}`),
    svg('path', { class: 'arrow', d: path }), svg('path', { class: 'head', d: head }),
    svg('text', away ? { x: from + 34, y: line - 1 } : { x: (from + to) / 2, y: line - 7, 'text-anchor': 'middle' }, words));
}

function label(hop, room) {
  const words = hop.status === 'delivered' ? hop.operation : `${hop.operation} ${hop.status}: ${hop.reason}`;
  const most = Math.max(13, Math.floor(room / 7) - 2);
  return words.length > most ? `${words.slice(0, most - 1)}…` : words;
}

function details(hop) {
  const lines = [['From', hop.source], ['To', hop.target], ['Operation', hop.operation], ['At', `${clock(hop.at, true)} (${hop.at})`], ['Outcome', hop.status], ['Attempts', hop.attempts], ['Reason', hop.reason], ['What moved', hop.subject]];
  return h('dl', null, lines.filter(([, value]) => value).map(([name, value]) => [h('dt', null, name), h('dd', null, String(value))]));
}
