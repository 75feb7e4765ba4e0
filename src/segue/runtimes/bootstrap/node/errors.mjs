// How errors look: to the Runtime API ({errorType, errorMessage, trace}) and in the log ({errorType, errorMessage, ..., stack}).

/** An error of the runtime's own, named Runtime.<name>. */
export function runtimeError(name, message) {
  const error = new Error(message);
  error.name = `Runtime.${name}`;
  error.stack = `Runtime.${name}: ${message}\n${error.stack.split('\n').slice(1).join('\n')}`;
  return error;
}

const isError = (value) =>
  value !== null && typeof value === 'object' && typeof value.name === 'string' &&
  typeof value.message === 'string' && typeof value.stack === 'string';

/** What was thrown, as an object with name, message and stack, for the log. */
export function asError(thrown) {
  return isError(thrown) ? thrown : { name: typeof thrown, message: textOf(thrown), stack: '' };
}

export function forRuntimeApi(thrown) {
  try {
    if (isError(thrown)) {
      return { errorType: thrown.name, errorMessage: thrown.message, trace: thrown.stack.split('\n') };
    }
    return { errorType: typeof thrown, errorMessage: textOf(thrown), trace: [] };
  } catch {
    return { errorType: 'handled', errorMessage: 'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack', trace: [] };
  }
}

/** The error as one JSON text behind a tab, own fields included. */
export function formatted(error) {
  try {
    return `\t${JSON.stringify(described(error))}`;
  } catch {
    return `\t${JSON.stringify(forRuntimeApi(error))}`;
  }
}

function described(error) {
  const fields = { errorType: error.name, errorMessage: error.message };
  for (const [name, value] of Object.entries(error)) {
    if (!['name', 'message', 'stack'].includes(name)) fields[name] = isError(value) ? described(value) : value;
  }
  if (isError(error.cause)) fields.cause = described(error.cause);
  fields.stack = typeof error.stack === 'string' && error.stack ? error.stack.split('\n') : [];
  return fields;
}

function textOf(value) {
  try {
    return value === undefined || value === null ? String(value) : value.toString();
  } catch {
    return Object.prototype.toString.call(value);
  }
}
