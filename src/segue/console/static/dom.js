import { place, seen } from './api.js';

// Making elements from data. Data only ever becomes text: nothing here parses HTML.

export function h(name, props, ...children) {
  return fill(document.createElement(name), props, children);
}

export function svg(name, props, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', name), props, children);
}

function fill(element, props, children) {
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Draw anew, and keep what the reader has opened (their data-key says which).
export function redraw(parent, ...children) {
  const open = new Set([...parent.querySelectorAll('details[open][data-key]')].map((one) => one.dataset.key));
  const focused = parent.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
  parent.replaceChildren(...children.flat(Infinity).filter(Boolean));
  for (const one of parent.querySelectorAll('details[data-key]')) if (open.has(one.dataset.key)) one.open = true;
  if (focused) [...parent.querySelectorAll('a[href]')].find((one) => one.getAttribute('href') === focused)?.focus();
}

export function clock(ms, day = false) {
  const at = new Date(ms);
  const two = (n, width = 2) => String(n).padStart(width, '0');
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`;
  return day ? `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time.slice(0, 8)}` : time;
}

export function duration(ms) {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(2)} s`;
  const minutes = Math.floor(ms / 60_000);
  return minutes < 60 ? `${minutes} min ${Math.floor(ms / 1000) % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function link(page, id, ...children) {
  return h('a', { href: `#/${page}/${encodeURIComponent(id)}` }, ...children);
}

export function table(heads, rows) {
  const cell = (head) => h('th', { scope: 'col', class: head.startsWith('#') && 'number' }, head.replace(/^#/, ''));
  return h('div', { class: 'wide' }, h('table', null, h('thead', null, h('tr', null, heads.map(cell))), h('tbody', null, rows)));
}

export function row(...cells) {
  return h('tr', null, cells.map((cell) => (cell instanceof Element && cell.tagName === 'TD' ? cell : h('td', null, cell))));
}

export const number = (value) => h('td', { class: 'number' }, String(value));
export const time = (ms) => h('td', { class: 'time' }, clock(ms, true));

// JSON laid out without being parsed and written again: numbers keep every digit.
export function pretty(text) {
  try { JSON.parse(text); } catch { return text; }
  let depth = 0, hollow = false;
  const line = () => '\n' + '  '.repeat(Math.min(depth, 40));
  return text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|\s+|[[\]{},:]/g, (part, offset) => {
    if (part === '[' || part === '{') {
      let next = offset + 1;
      while (/\s/.test(text[next])) next += 1;
      hollow = text[next] === ']' || text[next] === '}';
      depth += 1;
      return hollow ? part : part + line();
    }
    if (part === ']' || part === '}') {
      depth -= 1;
      const before = hollow ? '' : line();
      hollow = false;
      return before + part;
    }
    if (part === ',') return ',' + line();
    if (part === ':') return ': ';
    return part[0] === '"' ? part : '';
  });
}

const LONG = 20_000;

export function block(title, text, key) {
  if (text === undefined || text === null || text === '') return null;
  const shown = pretty(String(text));
  const cut = shown.length > LONG ? `${shown.slice(0, LONG)}\n… ${shown.length - LONG} more characters` : shown;
  const pre = h('pre', { tabindex: 0 }, cut);
  return key ? h('details', { 'data-key': key }, h('summary', null, title), pre) : h('section', null, h('h2', null, title), pre);
}

// A text that may be long: its beginning, and the rest when asked for.
export function long(text, key, limit = 160) {
  if (text.length <= limit) return text;
  return h('details', { 'data-key': key }, h('summary', null, `${text.slice(0, limit)} …`), h('div', null, text.slice(0, LONG)));
}

export function empty(words, ...commands) {
  return h('div', { class: 'empty' }, h('p', null, words), commands.length ? h('pre', { tabindex: 0 }, commands.join('\n')) : null);
}

// Nothing there yet: what to type, ready for this account and region; and where else something has moved.
export function first(words, ...commands) {
  const environment = `export AWS_ENDPOINT_URL=${location.origin} AWS_ACCESS_KEY_ID=${place.account} AWS_SECRET_ACCESS_KEY=test AWS_REGION=${place.region}`;
  const others = [...seen].filter((region) => region !== place.region);
  return [others.length ? h('p', null, `Something has moved in ${others.slice(0, 9).join(', ')}; the region is chosen above.`) : null, empty(words, environment, ...commands)];
}
