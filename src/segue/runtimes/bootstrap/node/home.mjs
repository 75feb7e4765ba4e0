// HTTPS to this server goes to its own port.
//
// Code that answers CloudFormation (cfn-response, CDK's entry points) takes host and path from the ResponseURL and calls
// https.request({hostname, path}): on AWS scheme and port are always the same. Here they are not, and nobody may listen
// at port 443; so what is meant for this server's own host by HTTPS, at port 443 or at the server's, is sent as HTTP
// to the server. All other requests are left alone. Builtin modules are one object for all code, bundled or not.
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';

const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

export function installWayHome(endpointUrl) {
  if (!endpointUrl || !endpointUrl.startsWith('http:')) return;
  const { hostname, port } = new URL(endpointUrl);
  const own = plainHost(hostname);
  const hosts = new Set(LOOPBACK.includes(own) ? LOOPBACK : [own]);
  const home = { protocol: 'http:', hostname: own, host: own, port: Number(port || 80), defaultPort: 80, agent: undefined };
  const request = https.request;
  https.request = function (...args) {
    const [options, callback] = asOptions(args);
    if (!options || !isHome(options)) return request.apply(this, args);
    return http.request({ ...options, ...home }, callback);
  };
  https.get = function (...args) {
    const sent = https.request(...args);
    sent.end();
    return sent;
  };
  syncBuiltinESMExports();

  function isHome(options) {
    const to = plainHost(options.hostname || options.host || 'localhost');
    const at = Number(options.port || options.defaultPort || 443);
    return hosts.has(to.replace(/:\d+$/, '')) && (at === 443 || at === home.port);
  }
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
