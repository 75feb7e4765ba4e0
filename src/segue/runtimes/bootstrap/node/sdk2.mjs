// Version 2 of the SDK reads no AWS_ENDPOINT_URL. Whichever way it is loaded, its core comes first, and with the core the
// defaults of every configuration. What code sets in AWS.config or for a client itself goes above them.
import { Module } from 'node:module';

const CORE = /[\\/]aws-sdk[\\/]lib[\\/]core\.js$/;
const configured = new WeakSet();

export function installSdk2(endpointUrl) {
  const endpoint = process.env.AWS_ENDPOINT_URL || endpointUrl;
  if (!endpoint) return;
  const load = Module._load;
  Module._load = function (name, parent, ...rest) {
    const loaded = load.call(this, name, parent, ...rest);
    if (name.endsWith('core') || name.endsWith('core.js')) configure(coreOf(name, parent), endpoint);
    return loaded;
  };
}

function coreOf(name, parent) {
  try {
    const file = Module._resolveFilename(name, parent);
    const module = CORE.test(file) ? Module._cache[file] : undefined;
    return module?.loaded ? module.exports : undefined; // its parts ask for it before it is whole
  } catch {
    return undefined;
  }
}

function configure(core, endpoint) {
  const keys = core?.Config?.prototype?.keys;
  if (!keys || configured.has(core)) return;
  configured.add(core);
  // Buckets in the path, and no prefixes before the host: the server's host has no names below it.
  const defaults = { endpoint, s3ForcePathStyle: true, hostPrefixEnabled: false };
  Object.assign(keys, defaults);
  core.config.update(defaults);
}
