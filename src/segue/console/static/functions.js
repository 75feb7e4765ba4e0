// Functions and their newest log lines.
import { AwsError, aws, functions as ask, place, whereOf } from './api.js';
import { clock, empty, first, h, link, number, redraw, row, table } from './dom.js';

const LINES = 300;

export async function functions(main, _, signal, { every }) {
  const body = h('div');
  main.replaceChildren(h('h1', null, 'Functions'), body);
  await every(3000, async () => {
    const found = [];
    let Marker;
    do {
      const page = await ask(`?MaxItems=50${Marker ? `&Marker=${encodeURIComponent(Marker)}` : ''}`, signal);
      found.push(...page.Functions);
      Marker = page.NextMarker;
    } while (Marker && found.length < 200);
    return found;
  }, (found) => redraw(body, found.length ? table(['Function', 'Runtime', 'Handler', '#Memory', '#Timeout', 'Changed'], found.map(line)) : nothing()));
}

function line(one) {
  return row(link('function', one.FunctionArn, one.FunctionName), one.Runtime || one.PackageType, one.Handler || '',
    number(`${one.MemorySize} MB`), number(`${one.Timeout} s`), one.LastModified.slice(0, 19).replace('T', ' '));
}

function nothing() {
  return first('No functions in this account and region. A first one:',
    "printf 'def handler(event, context):\\n    return {\"hello\": event}\\n' > hello.py && zip hello.zip hello.py",
    'aws lambda create-function --function-name hello --runtime python3.11 --handler hello.handler \\',
    `  --role arn:aws:iam::${place.account}:role/any --zip-file fileb://hello.zip`);
}

export async function one(main, arn, signal, { every, reach }) {
  const name = arn.split(':')[6];
  const about = h('div'), log = h('div');
  main.replaceChildren(h('p', null, h('a', { href: '#/functions' }, '← Functions')), h('h1', null, name), about, h('h2', null, 'Newest log lines'), log);
  const of = (await reach(() => ask(`/${encodeURIComponent(arn)}`, signal, whereOf(arn)))).Configuration;
  const lines = { Runtime: of.Runtime, Handler: of.Handler, Memory: `${of.MemorySize} MB`, Timeout: `${of.Timeout} s`, Role: of.Role,
    State: [of.State, of.StateReason].filter(Boolean).join(': '), Variables: Object.keys(of.Environment?.Variables || {}).join(', ') };
  about.append(h('dl', null, Object.entries(lines).filter(([, value]) => value).map(([key, value]) => [h('dt', null, key), h('dd', null, value)])));
  const group = of.LoggingConfig?.LogGroup || `/aws/lambda/${name}`;
  await every(2000, () => newest(group, whereOf(arn), signal), (events) => {
    const before = log.querySelector('pre');
    const top = before && before.scrollTop;
    redraw(log, events.length ? h('pre', { class: 'log', tabindex: 0 }, events.map(logLine)) : silent(name));
    if (top) log.querySelector('pre').scrollTop = top;
  });
}

// Newest first, out of the streams that were written to last.
async function newest(logGroupName, where, signal) {
  try {
    const { logStreams } = await aws('logs', 'DescribeLogStreams', { logGroupName, orderBy: 'LastEventTime', descending: true, limit: 5 }, signal, where);
    const pages = await Promise.all(logStreams.map(({ logStreamName }) =>
      aws('logs', 'GetLogEvents', { logGroupName, logStreamName, limit: LINES, startFromHead: false }, signal, where)));
    const events = pages.flatMap((page) => page.events.toReversed());
    return events.map(({ timestamp, message }) => ({ timestamp, message })).sort((a, b) => b.timestamp - a.timestamp).slice(0, LINES);
  } catch (error) {
    if (error instanceof AwsError && error.code === 'ResourceNotFoundException') return [];
    throw error;
  }
}

function logLine({ timestamp, message }) {
  const bad = /\[ERROR\]|\tERROR\t|Task timed out|Runtime\.ExitError|^START.*Error/.test(message);
  return h('div', { class: bad && 'bad' }, h('span', { class: 'kind' }, clock(timestamp)), message.slice(0, 4000).trimEnd());
}

function silent(name) {
  return empty('It has written nothing yet. Call it:', `aws lambda invoke --function-name ${name} --payload '{}' --cli-binary-format raw-in-base64-out /dev/stdout`);
}
