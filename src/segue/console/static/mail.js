// What was sent to people: mail and text messages, as their recipients see them.
import { outbox } from './api.js';
import { block, empty, first, h, link, redraw, row, table, time } from './dom.js';

const STATUS = {
  CAPTURED: 'kept here', QUEUED: 'on its way', DEFERRED: 'to be tried again', SENT: 'sent', PARTLY_SENT: 'sent to some', FAILED: 'failed',
};

export async function mails(main, _, signal, { every }) {
  const body = h('div');
  const to = h('input', { type: 'search', id: 'recipient', size: '30', placeholder: 'ann@example.com' });
  const clear = h('button', { type: 'button', onclick: async () => {
    if (confirm(to.value ? `Forget all that was sent to ${to.value}?` : 'Forget all messages?')) await outbox('', filters(to), signal, 'DELETE');
  } }, 'Forget them');
  main.replaceChildren(h('h1', null, 'Mail and text messages'), h('p', null, h('label', null, 'To ', to), ' ', clear), body);
  await every(1500, async () => (await outbox('', { last: 200, ...filters(to) }, signal)).messages.reverse(),
    (found) => redraw(body, found.length ? table(['Sent', 'To', 'Subject', 'From', 'By', 'Status'], found.map(line)) : to.value ? empty('Nothing was sent to this address.') : nothing()));
}

const filters = (to) => (to.value.trim() ? { recipient: to.value.trim() } : {});

function line(one) {
  const more = one.recipients.length - 1;
  const subject = one.subject.trim() || (one.kind === 'SMS' ? 'Text message' : '(no subject)');
  return row(time(one.at), `${one.recipients[0] || ''}${more > 0 ? ` and ${more} more` : ''}`, link('mail', one.id, subject), one.sender || '–', one.service, status(one));
}

function status(one) {
  return h('td', { class: one.status === 'FAILED' || one.status === 'PARTLY_SENT' ? 'bad' : 'soft', title: one.reason || null }, STATUS[one.status] || one.status);
}

function nothing() {
  return first('Nothing was sent yet. A first mail:', 'aws ses verify-email-identity --email-address shop@example.com',
    "aws ses send-email --from shop@example.com --to ann@example.com --subject Hello --text 'Hello, Ann'");
}

export async function mail(main, id, signal, { reach }) {
  main.replaceChildren();
  const one = await reach(() => outbox(`/${id}`, {}, signal));
  const path = `/_segue/outbox/${one.id}`;
  const send = h('button', { type: 'button', onclick: () => act(`/${id}/send`, 'POST', said, signal, 'It is on its way.') }, 'Send again');
  const forget = h('button', { type: 'button', onclick: async () => { await act(`/${id}`, 'DELETE', said, signal, 'Forgotten.'); location.hash = '#/mails'; } }, 'Forget it');
  const said = h('span', { class: 'soft', role: 'status' });
  main.replaceChildren(h('p', null, h('a', { href: '#/mails' }, '← Mail')), h('h1', null, one.subject.trim() || (one.kind === 'SMS' ? 'Text message' : '(no subject)')),
    facts(one), h('div', null, views(one, path)),
    one.attachments.length ? h('section', null, h('h2', null, 'Attachments'), h('ul', null, one.attachments.map((file, at) => h('li', null,
      h('a', { href: `${path}/attachments/${at}`, download: true }, file.name), h('span', { class: 'soft' }, ` ${file.contentType}, ${file.size} bytes`))))) : '',
    h('p', null, one.kind === 'EMAIL' ? [send, ' ', h('a', { href: `${path}/raw`, download: true }, 'Download (.eml)'), ' '] : '', forget, ' ', said));
  main.append(...[block('Headers', one.headers.map((pair) => pair.join(': ')).join('\n'), 'headers'), block('Attributes', Object.keys(one.attributes).length ? JSON.stringify(one.attributes) : '', 'attributes')].filter(Boolean));
}

function facts(one) {
  const pairs = [['From', one.sender], ['To', one.to.join(', ')], ['Cc', one.cc.join(', ')], ['Bcc', one.bcc.join(', ')], ['Answers to', one.replyTo.join(', ')],
    ['Sent', new Date(one.at).toLocaleString()], ['By', one.source || one.service], ['Message id', one.messageId], ['Status', `${STATUS[one.status] || one.status}${one.reason ? `: ${one.reason}` : ''}`]];
  return h('dl', null, pairs.filter(([, value]) => value).map(([name, value]) => [h('dt', null, name), h('dd', null, value)]),
    one.trace ? [h('dt', null, 'Trace'), h('dd', null, link('trace', one.trace, 'the conversation it belongs to'))] : '');
}

// The HTML is shown where it can do nothing: a frame without scripts, forms, or anything from elsewhere.
function views(one, path) {
  const shown = h('div', { class: 'letter' });
  const kinds = { ...(one.html && { HTML: () => h('iframe', { src: `${path}/html`, sandbox: true, title: 'The mail as HTML' }) }),
    ...(one.text && { Text: () => h('pre', null, one.text) }), ...(one.html && { Source: () => h('pre', null, one.html) }) };
  const buttons = Object.entries(kinds).map(([name, make]) => h('button', { type: 'button', 'aria-pressed': 'false', onclick: ({ currentTarget }) => choose(currentTarget, make) }, name));
  const choose = (button, make) => {
    for (const each of buttons) each.setAttribute('aria-pressed', String(each === button));
    shown.replaceChildren(make());
  };
  if (!buttons.length) return empty('It has no text.');
  choose(buttons[0], Object.values(kinds)[0]);
  return [buttons.length > 1 ? h('p', { class: 'choices' }, buttons.flatMap((button) => [button, ' '])) : null, shown];
}

async function act(path, method, said, signal, words) {
  try {
    await outbox(path, {}, signal, method);
    said.textContent = words;
  } catch (error) {
    said.textContent = error.message;
    throw error;
  }
}
