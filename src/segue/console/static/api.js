// The same door as every AWS client: the operations themselves, at this page's own origin.

export const place = { account: '000000000000', region: 'us-east-1' };
export const seen = new Set(); // regions in which something has moved

const TARGETS = {
  states: ['AWSStepFunctions', '1.0'], sqs: ['AmazonSQS', '1.0'], logs: ['Logs_20140328', '1.1'],
};

export class AwsError extends Error {
  constructor(code, message) { super(message || code); this.code = code; }
}
export class Away extends Error {}

function headers(service, { account, region }) {
  const scope = `${account}/20260101/${region}/${service}/aws4_request`; // the key names the account; nothing is signed
  return { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0` };
}

async function ask(path, options) {
  let answer, text;
  try {
    answer = await fetch(path, { cache: 'no-store', ...options });
    text = await answer.text();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Away();
  }
  if (answer.status === 503) throw new Away(); // it is stopping
  if (answer.ok) return text;
  let body = {};
  try { body = JSON.parse(text); } catch { /* the status says enough */ }
  const code = answer.headers.get('x-amzn-errortype') || body.__type || `HTTP ${answer.status}`;
  throw new AwsError(code.split('#').pop().split(':')[0], body.message || body.Message);
}

export async function aws(service, operation, params = {}, signal, where = place) {
  const [prefix, version] = TARGETS[service];
  const sent = { 'x-amz-target': `${prefix}.${operation}`, 'content-type': `application/x-amz-json-${version}` };
  const options = { method: 'POST', headers: { ...headers(service, where), ...sent }, body: JSON.stringify(params), signal };
  return JSON.parse(await ask('/', options));
}

export async function functions(path, signal, where = place) {
  return JSON.parse(await ask(`/2015-03-31/functions${path}`, { headers: headers('lambda', where), signal }));
}

// Ids have more digits than a JavaScript number holds: they stay text. (Inside a string a quote has a backslash, so
// this finds members only.)
export async function deliveries(query, signal) {
  const text = await ask(`/_segue/deliveries?${new URLSearchParams(query)}`, { signal });
  const hops = JSON.parse(text.replace(/"id":(\d+)/g, '"id":"$1"')).deliveries;
  for (const hop of hops) for (const arn of [hop.source, hop.target]) if (whereOf(arn).region) seen.add(whereOf(arn).region);
  return hops;
}

export async function outbox(path, query, signal, method = 'GET') {
  return JSON.parse(await ask(`/_segue/outbox${path}?${new URLSearchParams(query)}`, { signal, method }));
}

export async function peek(queue, signal, messages = 50) {
  return JSON.parse(await ask(`/_segue/peek?${new URLSearchParams({ queue, messages })}`, { signal }));
}

export async function cluster(signal) {
  return JSON.parse(await ask('/_segue/cluster', { signal }));
}

export function whereOf(arn) {
  const [, , , region, account] = arn.split(':');
  return { region, account };
}

export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => { clearTimeout(timer); reject(new DOMException('left', 'AbortError')); });
  });
}
