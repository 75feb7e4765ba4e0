// Which page is shown, in which account and region, and what happens while the server is away.
import { Away, AwsError, aws, deliveries, pause, place, seen } from './api.js';
import { clock, duration, h, link } from './dom.js';
import { execution, executions, machine } from './executions.js';
import { flows } from './flows.js';
import { functions, one } from './functions.js';
import { mail, mails } from './mail.js';
import { cluster } from './nodes.js';
import { queue, queues } from './queues.js';
import { isLate, sequence } from './sequence.js';

const PAGES = {
  flows: [flows, 'flows'], trace: [trace, 'flows'], executions: [executions, 'executions'], machine: [machine, 'executions'],
  execution: [execution, 'executions'], queues: [queues, 'queues'], queue: [queue, 'queues'], functions: [functions, 'functions'], function: [one, 'functions'],
  mails: [mails, 'mails'], mail: [mail, 'mails'], cluster: [cluster, 'cluster'],
};
const main = document.getElementById('main');
const away = document.getElementById('away');
let leaving = new AbortController();

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const [, name = 'flows', id = ''] = location.hash.split('/');
  const [page, tab] = PAGES[name] || PAGES.flows;
  for (const item of document.querySelectorAll('nav a')) {
    if (item.hash === `#/${tab}`) item.setAttribute('aria-current', 'page'); else item.removeAttribute('aria-current');
  }
  main.replaceChildren(h('p', { class: 'soft' }, 'Loading …'));
  try {
    const argument = decodeURIComponent(id);
    document.title = `${argument ? argument.split(':').pop() : tab} – Segue`;
    await page(main, argument, signal, toolsFor(signal));
  } catch (error) {
    if (error.name === 'AbortError' || signal.aborted) return;
    const words = error instanceof AwsError ? `${error.code}: ${error.message}` : `The console failed: ${error.message}`;
    main.querySelectorAll('h2').forEach((one) => one.remove());
    main.append(h('p', { class: 'bad', role: 'alert' }, words));
    if (/Signature|MissingAuthentication/.test(error.code)) main.append(h('p', null, 'This server wants signed requests, which this console cannot make yet; only "What flows" is told here.'));
    if (!(error instanceof AwsError)) throw error;
  }
}

// What pages need to ask: again until the server answers, and every so often as long as the page is looked at.
function toolsFor(signal) {
  const reach = async (work) => {
    for (;;) {
      try {
        const result = await work();
        away.hidden = true;
        return result;
      } catch (error) {
        if (!(error instanceof Away) || signal.aborted) throw error;
        away.textContent = `No server answers at ${location.origin}. Trying again; start one with: segue serve`;
        away.hidden = false;
        await pause(1500, signal);
      }
    }
  };
  const every = async (ms, load, draw) => {
    for (let last; !signal.aborted; await pause(ms, signal)) {
      if (document.hidden && last !== undefined) continue;
      const data = await reach(load);
      const text = JSON.stringify(data);
      if (text !== last && !signal.aborted) draw(data);
      last = text;
    }
  };
  return Object.assign(reach, { reach, every });
}

async function trace(where, id, signal, { every }) {
  const body = h('div');
  where.replaceChildren(h('p', null, h('a', { href: '#/flows' }, '← What flows')), h('h1', null, 'One conversation'), h('p', { class: 'soft' }, id), body);
  await every(1500, async () => {
    const hops = await deliveries({ trace: id }, signal);
    return { hops, ended: await endOf(hops, signal) };
  }, ({ hops, ended }) => {
    if (!hops.length) { body.replaceChildren(h('p', null, 'No hop of this conversation is kept.')); return; }
    const missed = hops.filter((hop) => hop.status !== 'delivered' && hop.status !== 'audit').length;
    const late = hops.filter((hop) => isLate(hop, ended)).length;
    const said = [`${hops.length} ${hops.length === 1 ? 'hop' : 'hops'} in ${duration(hops.at(-1).at - hops[0].at)}, from ${clock(hops[0].at, true)}.`,
      missed ? `${missed} did not arrive.` : 'All arrived.', late ? `${late} came after the workflow had ended (grey).` : ''];
    const open = body.querySelector('details')?.open;
    body.replaceChildren(h('p', null, said.join(' '), ' ', ended.arn ? link('execution', ended.arn, 'The execution') : ''), ...sequence(hops, ended).filter(Boolean));
    if (open) body.querySelector('details').open = true;
  });
}

// When the execution ended that the conversation began with; nothing for one without, or with one that runs.
async function endOf(hops, signal) {
  const arn = hops.flatMap((hop) => [hop.target, hop.source]).find((one) => /:states:[^:]*:[^:]*:execution:/.test(one));
  if (!arn) return {};
  const [, , , region, account] = arn.split(':');
  try {
    const found = await aws('states', 'DescribeExecution', { executionArn: arn }, signal, { region, account });
    return { arn, at: found.stopDate ? Math.round(found.stopDate * 1000) : undefined };
  } catch (error) {
    if (error instanceof AwsError) return {}; // it was deleted since
    throw error;
  }
}

function choosePlace() {
  const account = document.getElementById('account'), region = document.getElementById('region');
  [account.value, region.value] = [place.account, place.region];
  const changed = () => {
    if (!document.getElementById('place').checkValidity()) return;
    [place.account, place.region] = [account.value, region.value];
    localStorage.setItem('segue.place', JSON.stringify(place));
    show();
  };
  account.addEventListener('change', changed);
  region.addEventListener('change', changed);
  document.getElementById('place').addEventListener('submit', (event) => event.preventDefault());
  region.addEventListener('focus', () => {
    const known = new Set([...seen, 'us-east-1', 'us-east-2', 'us-west-2', 'eu-west-1', 'eu-central-1', 'ap-northeast-1']);
    document.getElementById('regions').replaceChildren(...[...known].sort().map((value) => h('option', { value })));
  });
}

// The place last chosen; for a first visit, where something moved last.
async function rememberPlace() {
  const hops = await deliveries({ last: 200 }).catch(() => []); // the page says what is wrong
  try {
    const { account, region } = JSON.parse(localStorage.getItem('segue.place')) || {};
    if (/^\d{12}$/.test(account) && /^[a-z0-9-]{2,30}$/.test(region)) return Object.assign(place, { account, region });
  } catch { /* what was kept is not ours */ }
  const last = hops.toReversed().map((hop) => /^arn:[^:]+:[^:]+:([^:]+):(\d{12}):/.exec(hop.target)).find(Boolean);
  if (last) [place.region, place.account] = [last[1], last[2]];
  return place;
}

await rememberPlace();
choosePlace();
addEventListener('hashchange', () => { show(); scrollTo(0, 0); });
show();
