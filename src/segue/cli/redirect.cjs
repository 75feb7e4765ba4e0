// Loaded by `node --require`: requests for AWS's hosts go to AWS_ENDPOINT_URL, with the host that was meant in their
// Host header. Programs whose SDK is older than that variable (SDK v2, SDK v3 before 3.446) need nothing else.
'use strict';
const http = require('node:http');
const https = require('node:https');
const { syncBuiltinESMExports } = require('node:module');
const { Readable } = require('node:stream');
const { urlToHttpOptions } = require('node:url');

const AWS = /(^|\.)(amazonaws\.com(\.cn)?|api\.aws)$/i;
const endpoint = parsed(process.env.AWS_ENDPOINT_URL);
const onward = endpoint?.protocol === 'https:' ? https.request : http.request; // as it was before it is patched

if (endpoint) {
  for (const module of [http, https]) patch(module);
  if (globalThis.fetch) patchFetch(globalThis.fetch);
  syncBuiltinESMExports();
}

function parsed(text) {
  try {
    return text ? new URL(text) : undefined;
  } catch {
    return undefined;
  }
}

function patch(module) {
  const request = module.request;
  module.request = function (...parameters) {
    const aimed = redirected(parameters);
    return aimed ? onward(...aimed) : request.apply(this, parameters);
  };
  module.get = function (...parameters) {
    const made = module.request(...parameters);
    made.end();
    return made;
  };
}

function redirected(parameters) {
  const [first, second] = parameters;
  const url = typeof first === 'string' ? parsed(first) : first instanceof URL ? first : undefined;
  const given = { ...(url ? urlToHttpOptions(url) : first), ...(url && typeof second === 'object' ? second : {}) };
  const host = String(given.hostname ?? given.host ?? '').replace(/:\d+$/, '');
  if (!AWS.test(host)) return undefined;
  const callback = parameters.find((parameter) => typeof parameter === 'function');
  const options = {
    ...given,
    headers: withHost(given.headers, host),
    protocol: endpoint.protocol,
    host: endpoint.hostname,
    hostname: endpoint.hostname,
    port: endpoint.port || undefined,
    agent: undefined,
    servername: undefined,
  };
  return callback ? [options, callback] : [options];
}

function withHost(headers, host) {
  if (Array.isArray(headers)) return headers;
  const named = Object.keys(headers ?? {}).some((name) => name.toLowerCase() === 'host');
  return named ? headers : { ...headers, Host: host };
}

// The built-in fetch lets nobody choose a Host, so what is for AWS is asked by http.request.
function patchFetch(fetch) {
  globalThis.fetch = async function (input, init) {
    const url = parsed(typeof input === 'string' || input instanceof URL ? String(input) : input?.url);
    if (!url || !AWS.test(url.hostname)) return fetch.call(this, input, init);
    const asked = new Request(input, init);
    const body = asked.body ? Buffer.from(await asked.arrayBuffer()) : undefined;
    const { method, signal } = asked;
    const headers = { ...Object.fromEntries(asked.headers), ...(body ? { 'content-length': body.length } : {}) };
    return new Promise((resolve, reject) => {
      const made = https.request(url, { method, signal, headers }, (answer) => resolve(answered(answer)));
      made.on('error', reject).end(body);
    });
  };
}

function answered(answer) {
  const bodiless = [101, 204, 205, 304].includes(answer.statusCode);
  if (bodiless) answer.resume();
  const headers = Object.entries(answer.headers).flatMap(([name, values]) => [values].flat().map((value) => [name, value]));
  const given = { status: answer.statusCode, statusText: answer.statusMessage, headers };
  return new Response(bodiless ? null : Readable.toWeb(answer), given);
}
