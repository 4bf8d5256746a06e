// The page: asks this host's status again and again, and shows one view.

import { h, setText } from '/dom.js';
import { WINDOW } from '/plots.js';
import { Missing, Containers, Container, Events, Images } from '/views.js';

const SILENCE_MS = 30000;

// What is known of the host; the views draw it.
export const known = { host: null, containers: [], history: new Map() };

class Failure extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

// Ask for a document; throws a Failure with a sentence.
async function ask(path) {
  let response;
  try {
    response = await fetch(`/api/${path}`, {
      signal: AbortSignal.timeout(SILENCE_MS) });
  } catch {
    throw new Failure('The process that serves this page does not answer. ' +
      'Start “novacontainer web” again.', 0);
  }
  let document_;
  try {
    document_ = await response.json();
  } catch {
    throw new Failure('The process that serves this page sent half an ' +
      'answer.', 0);
  }
  if (!response.ok) throw new Failure(document_.message, response.status);
  return document_;
}

let behind = true;

async function look() {
  const found = await ask(behind ? 'status?history=1' : 'status');
  if (found.history) {
    known.history = new Map(Object.entries(found.history));
    behind = false;
  }
  const there = new Set();
  for (const one of found.containers) {
    there.add(one.id);
    remember(one);
  }
  for (const ident of known.history.keys()) {
    if (!there.has(ident)) known.history.delete(ident);
  }
  Object.assign(known, { host: found.host, containers: found.containers });
}

function remember(one) {
  if (!one.usage) return;
  const past = known.history.get(one.id) || [];
  known.history.set(one.id, past);
  const last = past[past.length - 1];
  if (!last || last.time_s < one.usage.time_s) past.push(one.usage);
  while (past.length && past[0].time_s < one.usage.time_s - WINDOW - 30) {
    past.shift();
  }
}

const main = document.getElementById('main');
const notice = document.getElementById('notice');
let view = null;

function choose() {
  const [, kind, name] = location.hash.split('/');
  if (kind === 'containers' && name) {
    return new Container(ask, decodeURIComponent(name));
  }
  if (kind === 'images') return new Images(ask);
  if (kind === 'events') return new Events(ask);
  return kind ? new Missing() : new Containers();
}

function show(focus) {
  if (view) view.close();
  view = choose();
  main.replaceChildren(view.node);
  for (const link of document.querySelectorAll('nav a')) {
    if (link.dataset.view === view.kind) {
      link.setAttribute('aria-current', 'page');
    } else {
      link.removeAttribute('aria-current');
    }
  }
  document.title = `${view.title} · novacontainer`;
  if (focus) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

function complain(failure) {
  const shown = failure ? failure.message : '';
  notice.classList.toggle('shown', Boolean(failure));
  main.classList.toggle('stale', Boolean(failure));
  if (notice.dataset.message === shown) return;
  notice.dataset.message = shown;
  notice.replaceChildren(...(failure ? [
    h('strong', null, failure.status === 503
      ? 'novacontainerd is away' : 'There is nothing new to show'),
    h('span', null, `${failure.message} Trying again …`)] : []));
}

function describe() {
  const host = known.host;
  setText(document.getElementById('host'), host.name);
  const facts = document.getElementById('facts');
  const lines = [`novacontainerd ${host.version} · ${host.engine} · ` +
    `${host.storage} · control groups v${host.cgroups} · ${host.system} · ` +
    `Linux ${host.kernel}`, ...host.warnings];
  if (facts.children.length !== lines.length) {
    facts.replaceChildren(...lines.map((_, i) =>
      h('p', { class: i ? 'warning' : null })));
  }
  lines.forEach((line, i) => setText(facts.children[i], line));
}

let timer = null;
let busy = false;

// One round; the next one comes when this one is over.
async function round() {
  if (busy) return;
  busy = true;
  clearTimeout(timer);
  try {
    await look();
    describe();
    const drawn = view;
    await drawn.refresh(known);
    complain(null);
  } catch (failure) {
    if (!(failure instanceof Failure)) console.error(failure);
    // What was missed meanwhile is asked for when there is an answer again.
    behind = true;
    complain(failure);
  } finally {
    busy = false;
  }
  // Nobody looks at a page that is hidden.
  if (!document.hidden) {
    timer = setTimeout(round, 1000 * (known.host ? known.host.period_s : 2));
  }
}

window.addEventListener('hashchange', () => {
  if (location.hash && !location.hash.startsWith('#/')) return;
  show(true);
  if (known.host) view.draw(known);
  round();
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) {
    behind = true;
    round();
  }
});
show(false);
round();
