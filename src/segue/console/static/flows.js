// What flows: every hop as it happens, newest first. Thousands are kept to search in, a few hundred are drawn.
import { deliveries, pause } from './api.js';
import { empty, h, redraw } from './dom.js';
import { HEADS, failed, hopRow } from './hops.js';

const KEPT = 10_000;
const DRAWN = 300;
const PAGE = 500;
const filter = { text: '', what: '' }; // stays while the reader looks at other pages

export async function flows(main, _, signal, reach) {
  let hops = []; // newest first; { gap: true } where the console did not keep up
  let held = false;
  const body = h('tbody');
  const told = h('span', { class: 'soft', role: 'status' });
  const heads = h('tr', null, [...HEADS, 'Trace'].map((head) => h('th', { scope: 'col' }, head)));
  const list = h('div', { class: 'wide' }, h('table', null, h('thead', null, heads), body));
  const nothing = h('div');
  const draw = () => {
    const matching = hops.filter(matches);
    body.replaceChildren(...matching.slice(0, DRAWN).map(line));
    tell();
  };
  const tell = () => {
    const count = hops.filter((hop) => !hop.gap && matches(hop)).length, real = hops.filter((hop) => !hop.gap).length;
    const shown = Math.min(count, DRAWN);
    told.textContent = real ? `${shown} shown of ${count} that match, ${real} kept${held ? '; held' : ''}` : '';
    list.hidden = !count;
    redraw(nothing, real ? !count && empty('No hop matches the filter.') : welcome());
  };
  main.replaceChildren(h('h1', null, 'What flows'), bar(draw, (on) => { held = on; draw(); }), told, list, nothing);

  const add = (page, gap) => {
    const fresh = page.toReversed();
    if (gap) fresh.push({ gap: true, id: `gap${page[0]?.id}` });
    hops = [...fresh, ...hops].slice(0, KEPT);
    if (held) return tell();
    const rows = fresh.filter(matches).slice(0, DRAWN).map(line);
    if (hops.length > fresh.length) rows.forEach((row) => row.classList.add('fresh'));
    body.prepend(...rows);
    while (body.childElementCount > DRAWN) body.lastElementChild.remove();
    return tell();
  };
  const first = await reach(() => deliveries({ last: PAGE }, signal));
  let after = first.at(-1)?.id || '0';
  add(first);
  while (!signal.aborted) {
    let page = await reach(() => deliveries({ after, wait: 20 }, signal), signal);
    let gap = false;
    if (page.length === PAGE) { // more than is drawn: go on with the newest
      const last = after;
      page = (await reach(() => deliveries({ last: PAGE }, signal), signal)).filter((hop) => BigInt(hop.id) > BigInt(last));
      gap = page.length === PAGE;
    }
    if (page.length) {
      after = page.at(-1).id;
      add(page, gap);
    }
    await pause(page.length ? 250 : 50, signal);
  }
}

function matches(hop) {
  if (hop.gap) return !filter.text && !filter.what;
  if (filter.what === 'failed' && !failed(hop)) return false;
  if (filter.what === 'audit' && hop.status !== 'audit') return false;
  if (filter.what === 'delivered' && hop.status !== 'delivered') return false;
  if (!filter.text) return true;
  const text = `${hop.source} ${hop.target} ${hop.operation} ${hop.status} ${hop.reason} ${hop.trace} ${hop.subject}`.toLowerCase();
  return filter.text.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function line(hop) {
  const words = 'More moved here than is drawn; segue deliveries tells everything.';
  return hop.gap ? h('tr', null, h('td', { colspan: 6, class: 'soft' }, words)) : hopRow(hop);
}

function bar(draw, hold) {
  let timer;
  const soon = () => { clearTimeout(timer); timer = setTimeout(draw, 120); };
  const text = h('input', { type: 'search', placeholder: 'Filter: words, a trace, part of an ARN …', 'aria-label': 'Filter', oninput: () => { filter.text = text.value.trim(); soon(); } });
  text.value = filter.text;
  const options = [['', 'everything'], ['failed', 'only what did not arrive'], ['delivered', 'only what arrived'], ['audit', 'only what IAM would deny']];
  const what = h('select', { 'aria-label': 'Show', onchange: () => { filter.what = what.value; draw(); } },
    options.map(([value, words]) => h('option', { value, selected: value === filter.what }, words)));
  const stop = h('input', { type: 'checkbox', onchange: () => hold(stop.checked) });
  return h('div', { class: 'bar' }, text, what, h('label', null, stop, ' hold still'));
}

function welcome() {
  return empty('Nothing has moved yet. This page fills by itself as soon as something does; for instance:',
    `export AWS_ENDPOINT_URL=${location.origin} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-2`,
    'python examples/loan_broker/deploy.py     # then start an execution, as it tells you');
}
