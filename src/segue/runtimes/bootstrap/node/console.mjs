// console.* as AWS writes it: time, request id, level and message between tabs, one log event a call however many lines it has.
// A call is written as a frame (type, length, microseconds, message), which the platform takes as one event.
import fs from 'node:fs';
import util from 'node:util';

const LEVELS = { trace: 'TRACE', debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR', fatal: 'FATAL' };
const ORDER = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const FRAME_TYPE = 0xa55a0003;
let requestId;

export function setRequestId(id) {
  requestId = id;
}

export function patchConsole() {
  const isJson = (process.env.AWS_LAMBDA_LOG_FORMAT ?? '').toUpperCase() === 'JSON';
  const lowest = Math.max(0, ORDER.indexOf((process.env.AWS_LAMBDA_LOG_LEVEL ?? '').toUpperCase()));
  for (const [method, level] of Object.entries(LEVELS)) {
    if (ORDER.indexOf(level) < lowest) {
      console[method] = () => {};
    } else {
      console[method] = (...args) => writeFrame(isJson ? asJson(level, args) : asText(level, args));
    }
  }
}

function asText(level, args) {
  return `${new Date().toISOString()}\t${requestId}\t${level}\t${util.format(...args)}\n`;
}

function asJson(level, args) {
  const line = { timestamp: new Date().toISOString(), level, requestId };
  if (args.length === 1) {
    try {
      return `${JSON.stringify({ ...line, message: args[0] }, errorFields)}\n`;
    } catch { /* circular: as text */ }
  }
  line.message = util.format(...args);
  const error = args.find((arg) => arg instanceof Error);
  if (error) Object.assign(line, { errorType: error.name, errorMessage: error.message, stackTrace: (error.stack ?? '').split('\n') });
  return `${JSON.stringify(line)}\n`;
}

function errorFields(_key, value) {
  if (!(value instanceof Error)) return value;
  return { errorType: value.name, errorMessage: value.message, stackTrace: (value.stack ?? '').split('\n') };
}

function writeFrame(text) {
  const message = Buffer.from(text);
  const frame = Buffer.allocUnsafe(16 + message.length);
  frame.writeUInt32BE(FRAME_TYPE, 0);
  frame.writeUInt32BE(message.length, 4);
  frame.writeBigInt64BE(BigInt(Date.now()) * 1000n, 8);
  message.copy(frame, 16);
  for (let sent = 0; sent < frame.length;) {
    try {
      sent += fs.writeSync(1, frame, sent);
    } catch (error) {
      if (error.code !== 'EAGAIN') return;
    }
  }
}
