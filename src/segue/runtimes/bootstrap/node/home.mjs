// What is meant for this server reaches it, from code that knows of AWS only. Builtin modules are one object for all
// code, bundled or not, so they are the place where to see to it. Three things are changed, all else is left alone:
//
// 1. HTTPS to the server's own host. Code that answers CloudFormation (cfn-response, CDK's entry points) takes host and
//    path from the ResponseURL and calls https.request({hostname, path}): on AWS scheme and port are always the same.
//    Here they are not, and nobody may listen at port 443; so such requests, at port 443 or at the server's, are sent
//    as HTTP to the server.
// 2. HTTPS to AWS's hosts, signed with the credentials that this server has given the function. SDKs that do not read
//    AWS_ENDPOINT_URL (version 2, bundled into the code; version 3 before 2023) send them; AWS could only refuse them.
// 3. Names that SDKs make of the server's by a prefix (sync-127.0.0.1 for StartSyncExecution) are names of the server.
import dns from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { syncBuiltinESMExports } from 'node:module';

const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];
const AWS_HOST = /\.amazonaws\.com(\.cn)?$/;

export function installWayHome(endpointUrl) {
  if (!endpointUrl || !endpointUrl.startsWith('http:')) return;
  const { hostname, port } = new URL(endpointUrl);
  const own = plainHost(hostname);
  const home = { protocol: 'http:', hostname: own, host: own, port: Number(port || 80), defaultPort: 80, agent: undefined };
  redirectRequests(home);
  if (net.isIP(own) || !own.includes('.')) resolvePrefixed(own);
  syncBuiltinESMExports();
}

function redirectRequests(home) {
  const hosts = new Set(LOOPBACK.includes(home.host) ? LOOPBACK : [home.host]);
  const request = https.request;
  https.request = function (...args) {
    const [options, callback] = asOptions(args);
    if (!options) return request.apply(this, args);
    const host = plainHost(options.hostname || options.host || 'localhost').replace(/:\d+$/, '');
    const at = Number(options.port || options.defaultPort || 443);
    if (hosts.has(host) && (at === 443 || at === home.port)) return http.request({ ...options, ...home }, callback);
    if (at === 443 && AWS_HOST.test(host) && isSignedHere(options)) {
      return http.request({ ...options, ...home, headers: { Host: host, ...options.headers } }, callback);
    }
    return request.apply(this, args);
  };
  https.get = function (...args) {
    const sent = https.request(...args);
    sent.end();
    return sent;
  };
}

/** Whether a request names the function's own access key: in its header or, presigned, in its query. */
function isSignedHere({ headers, path }) {
  const key = process.env.AWS_ACCESS_KEY_ID;
  if (!key) return false;
  const named = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'authorization');
  const texts = [String(named?.[1] ?? ''), String(path ?? '')];
  return texts.some((text) => new RegExp(`(Credential=|AWSAccessKeyId=|^AWS )${key}([/:&%]|$)`).test(text));
}

function resolvePrefixed(own) {
  const lookup = dns.lookup;
  dns.lookup = function (name, ...rest) {
    const isPrefixed = typeof name === 'string' && (name.endsWith(`-${own}`) || name.endsWith(`.${own}`));
    return lookup.call(this, isPrefixed ? own : name, ...rest);
  };
}

/** The forms of https.request's arguments, (url, options, callback) and (options, callback), as the latter. */
function asOptions(args) {
  let [first, second, third] = args;
  if (typeof first === 'string') {
    try {
      first = new URL(first);
    } catch {
      return [];
    }
  }
  if (!(first instanceof URL)) return [first, second];
  if (typeof second === 'function') [second, third] = [{}, second];
  const { protocol, hostname, port, pathname, search, username, password } = first;
  const auth = username ? { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` } : {};
  return [{ protocol, hostname, port, path: pathname + search, ...auth, ...second }, third];
}

function plainHost(host) {
  return String(host).replace(/^\[|\]$/g, '');
}
