// From a handler's name (folder/file.export, exports may be nested) to the function.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { runtimeError } from './errors.mjs';

const NAME = /^([^.]*)\.(.*)$/;

export async function loadHandler(taskRoot, name) {
  if (name.includes('..')) {
    throw runtimeError('MalformedHandlerName', `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  }
  const folder = path.dirname(name);
  const found = NAME.exec(path.basename(name));
  if (!found) throw runtimeError('MalformedHandlerName', 'Bad handler');
  const [, file, exported] = found;
  const module = await loadModule(path.resolve(taskRoot, folder), file, taskRoot);
  const handler = exported.split('.').reduce((value, key) => value?.[key], module) ??
    exported.split('.').reduce((value, key) => value?.[key], module?.default);
  if (handler === undefined || handler === null) throw runtimeError('HandlerNotFound', `${name} is undefined or not exported`);
  if (typeof handler !== 'function') throw runtimeError('HandlerNotFound', `${name} is not a function`);
  return handler;
}

async function loadModule(folder, file, taskRoot) {
  const base = path.join(folder, file);
  try {
    for (const ending of ['', '.js', '.mjs', '.cjs']) {
      if (isFile(base + ending)) return await loadFile(base + ending, taskRoot);
    }
    const require = createRequire(path.join(taskRoot, 'index.js'));
    return require(require.resolve(file, { paths: [taskRoot, folder] }));
  } catch (error) {
    throw explained(error);
  }
}

function loadFile(file, taskRoot) {
  if (file.endsWith('.mjs') || (!file.endsWith('.cjs') && isModuleScope(path.dirname(file), taskRoot))) {
    return import(pathToFileURL(file).href);
  }
  return createRequire(file)(file);
}

/** Whether the nearest package.json, up to the task root, says "type": "module". */
function isModuleScope(folder, taskRoot) {
  const description = path.join(folder, 'package.json');
  if (isFile(description)) {
    try {
      return JSON.parse(fs.readFileSync(description, 'utf8')).type === 'module';
    } catch {
      return false;
    }
  }
  if (path.resolve(folder) === path.resolve(taskRoot) || path.dirname(folder) === folder) return false;
  return isModuleScope(path.dirname(folder), taskRoot);
}

function explained(error) {
  if (error instanceof SyntaxError) return renamed('UserCodeSyntaxError', error);
  const missing = error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND';
  if (!missing) return error;
  const sdk = /'(aws-sdk|@aws-sdk\/[^']*)/.exec(error.message);
  if (sdk) console.warn(adviceOn(sdk[1]));
  return renamed('ImportModuleError', error);
}

function adviceOn(name) {
  const major = Number(/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV)?.[1] ?? 0);
  const isBrought = (name === 'aws-sdk') === (major < 18);
  return isBrought
    ? `Segue: ${name} is part of AWS's Node.js runtimes and is not installed here; run 'segue runtimes install', or put it into the package or a layer`
    : `Segue: ${name} is not part of AWS's runtime nodejs${major}.x; put it into the package or a layer`;
}

function renamed(name, error) {
  const result = runtimeError(name, name === 'ImportModuleError' ? `Error: ${error.message}` : `${error}`);
  result.stack = `Runtime.${name}: ${result.message}\n${String(error.stack).split('\n').filter((line) => line.startsWith('    at ')).join('\n')}`;
  return result;
}

function isFile(file) {
  try {
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
