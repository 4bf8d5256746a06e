// One class for each thing to look at.  `draw` shows what is known already,
// `refresh` asks for more and draws it.

import { h, keyed, setClass, setText, table } from '/dom.js';
import { ago, bytes, clock, cpu, moment, short, when } from '/format.js';
import { Plot, sparkline } from '/plots.js';

function stateClass(one) {
  const failed = one.state === 'exited' &&
    (one.exit_code || /^Exited \([1-9]/.test(one.status || ''));
  return `state ${failed ? 'failed' : one.state}`;
}

function link(one) {
  return `#/containers/${encodeURIComponent(one.id)}`;
}

function of(limit, write) {
  return limit ? `of ${write(limit)}` : 'no limit';
}

function empty(...words) {
  return h('p', { class: 'empty' }, ...words);
}

class View {
  close() {}

  draw() {}

  async refresh(known) {
    this.draw(known);
  }
}

export class Missing extends View {
  constructor() {
    super();
    this.title = 'Nothing here';
    this.node = empty('There is no such view. ',
      h('a', { href: '#/' }, 'All containers'));
  }
}

export class Containers extends View {
  constructor() {
    super();
    this.kind = 'containers';
    this.title = 'Containers';
    this.count = h('span', { class: 'soft' });
    this.filter = h('input', { type: 'search', placeholder: 'Filter',
      'aria-label': 'Filter by name, image or state', autocomplete: 'off' });
    this.filter.addEventListener('input', () => this.known &&
      this.draw(this.known));
    this.table = table('All containers of this host', [['State'], ['Name'],
      ['CPU'], ['Memory'], ['Processes', 'number']], 'cards');
    this.nothing = empty('Loading …');
    this.table.node.hidden = true;
    this.node = h('section', null, h('div', { class: 'head' },
      h('h1', null, 'Containers'), this.count, this.filter),
    this.table.node, this.nothing);
  }

  draw(known) {
    this.known = known;
    const words = this.filter.value.trim().toLowerCase();
    const shown = known.containers.filter((one) =>
      `${one.name} ${one.image} ${one.state} ${one.id}`.toLowerCase()
        .includes(words));
    const states = new Map();
    for (const { state } of known.containers) {
      states.set(state, (states.get(state) || 0) + 1);
    }
    setText(this.count, [...states].sort(([, one], [, other]) =>
      other - one).map(([state, count]) => `${count} ${state}`).join(' · '));
    this.table.node.hidden = !shown.length;
    this.nothing.hidden = Boolean(shown.length);
    if (!shown.length) {
      this.nothing.replaceChildren(...(known.containers.length
        ? ['No container fits the filter.']
        : ['There are no containers. Start one: ',
          h('code', null, 'novacontainer run -d IMAGE')]));
    }
    keyed(this.table.body, shown, (one) => one.id,
      (one) => new Row(one, known));
  }
}

class Row {
  constructor(one, known) {
    this.known = known;
    this.state = h('span');
    this.status = h('small');
    this.name = h('a', { class: 'name', href: link(one) });
    this.image = h('small');
    this.cpu = sparkline('cpu', (point) => point.cpus, false);
    this.memory = sparkline('memory', (point) => point.memory_bytes, true);
    this.cpuText = h('span', null, '–', h('small'));
    this.memoryText = h('span', null, '–', h('small'));
    this.processes = h('td', { class: 'number' });
    this.node = h('tr', null,
      h('td', { class: 'narrow' }, this.state, this.status),
      h('td', { class: 'who' }, this.name, this.image),
      h('td', { class: 'meters' }, h('div', { class: 'meter' },
        this.cpu.node, this.cpuText)),
      h('td', { class: 'meters' }, h('div', { class: 'meter' },
        this.memory.node, this.memoryText)),
      this.processes);
  }

  update(one) {
    const past = this.known.history.get(one.id) || [];
    const period = this.known.host.period_s;
    const { usage, limits } = one;
    setText(this.state, one.state);
    setClass(this.state, stateClass(one));
    setText(this.status, one.status);
    setText(this.name, one.name);
    setText(this.image, one.image);
    setClass(this.node, usage ? '' : 'gone');
    this.cpu.draw(past, limits.cpus, period);
    this.memory.draw(past, limits.memory_bytes, period);
    this.say(this.cpuText, usage && usage.cpus !== null
      ? cpu(usage.cpus) : '–', of(limits.cpus, cpu));
    this.say(this.memoryText, usage ? bytes(usage.memory_bytes) : '–',
      of(limits.memory_bytes, bytes));
    setText(this.processes, usage ? String(usage.processes) : '–');
  }

  say(node, value, limit) {
    if (node.firstChild.data !== value) node.firstChild.data = value;
    setText(node.lastChild, limit);
  }
}

export class Container extends View {
  constructor(ask, ident) {
    super();
    this.kind = 'containers';
    this.title = 'Container';
    Object.assign(this, { ask, ident });
    this.name = h('h1');
    this.state = h('span');
    this.status = h('span', { class: 'soft' });
    this.cpu = new Plot({ kind: 'cpu', title: 'CPU', binary: false,
      value: (point) => point.cpus, write: cpu });
    this.memory = new Plot({ kind: 'memory', title: 'Memory', binary: true,
      value: (point) => point.memory_bytes, write: bytes });
    this.facts = h('dl');
    this.mounts = h('div');
    this.labels = h('div');
    this.log = h('div', { class: 'log', tabindex: '0', role: 'log',
      'aria-label': 'Log', 'aria-live': 'off' });
    this.quiet = empty('It has written nothing yet.');
    this.found = h('div', null,
      h('div', { class: 'head' }, this.name, this.state, this.status),
      h('div', { class: 'plots' }, this.cpu.node, this.memory.node),
      h('h2', null, 'Log'), this.log, this.quiet,
      h('h2', null, 'Facts'), this.facts, this.mounts, this.labels);
    this.missing = empty('Loading …');
    this.found.hidden = true;
    this.node = h('section', null, this.found, this.missing);
  }

  close() {
    this.cpu.close();
    this.memory.close();
  }

  async refresh(known) {
    const path = `containers/${encodeURIComponent(this.ident)}`;
    let found;
    let written;
    try {
      [found, written] = await Promise.all([
        this.ask(path), this.ask(`${path}/logs`)]);
    } catch (failure) {
      if (failure.status !== 404) throw failure;
      this.found.hidden = true;
      this.missing.hidden = false;
      this.missing.replaceChildren('This container is not there any more. ',
        h('a', { href: '#/' }, 'All containers'));
      return;
    }
    this.missing.hidden = true;
    this.found.hidden = false;
    this.describe(found);
    this.write(written.lines);
    this.plot(known, found);
  }

  plot(known, found) {
    const past = known.history.get(found.id) || [];
    const listed = known.containers.find((one) => one.id === found.id);
    const period = known.host.period_s;
    setText(this.status, listed ? listed.status : '');
    this.cpu.draw(past, found.limits.cpus,
      `${of(found.limits.cpus, cpu)} (100 % is one cpu)`, period);
    this.memory.draw(past, found.limits.memory_bytes,
      of(found.limits.memory_bytes, bytes), period);
  }

  describe(found) {
    setText(this.name, found.name);
    document.title = `${found.name} · novacontainer`;
    setText(this.state, found.health
      ? `${found.state}, ${found.health}` : found.state);
    setClass(this.state, stateClass(found));
    const facts = this.list(found).filter(([, value]) => value);
    keyed(this.facts, facts, ([name]) => name, ([name]) => {
      const value = h('dd');
      return { node: h('div', null, h('dt', null, name), value),
        update: ([, text]) => setText(value, text) };
    });
    this.section(this.mounts, 'Mounts', found.mounts.map((one) =>
      [one.destination, `${one.source} (${one.type}${
        one.read_only ? ', read-only' : ''})`]));
    this.section(this.labels, 'Labels', Object.entries(found.labels));
  }

  list(found) {
    const { limits, network } = found;
    const addresses = Object.entries(network.addresses).map(
      ([name, list]) => `${list.join(', ') || 'no address'} (${name})`);
    return [
      ['Id', short(found.id)], ['Image', found.image],
      ['Command', found.command.join(' ')],
      ['Created', moment(found.created)], ['Started', moment(found.started)],
      ['Finished', found.finished ? moment(found.finished) : ''],
      ['Exit code', found.finished && found.state !== 'running'
        ? String(found.exit_code) + (found.oom_killed
          ? ', out of memory' : '') : ''],
      ['Error', found.error],
      ['Process', found.pid ? String(found.pid) : ''],
      ['Restarts', `${found.restarts} (policy: ${found.restart_policy})`],
      ['Limits', [
        limits.cpus && `${limits.cpus} cpus`,
        limits.cpuset && `on cpus ${limits.cpuset}`,
        limits.memory_bytes && `${bytes(limits.memory_bytes)} of memory`,
        limits.processes && `${limits.processes} processes`,
        limits.disk && `${limits.disk} of disk`,
      ].filter(Boolean).join(', ') || 'none'],
      ['Network', [network.mode, ...addresses].join(', ')],
      ['Network namespace', network.namespace],
      ['Ports', network.ports.join(', ')],
      ['User', found.user || 'root'],
      ['Working directory', found.working_dir],
      ['Host name', found.hostname],
      ['Root file system', found.read_only ? 'read-only' : 'writable'],
      ['Privileged', found.privileged ? 'yes' : ''],
      ['Environment', `${found.variables} variables, not shown here`],
    ];
  }

  section(node, title, rows) {
    if (!rows.length) {
      node.replaceChildren();
      return;
    }
    if (!node.firstChild) {
      node.append(h('h2', null, title), h('dl'));
    }
    keyed(node.lastChild, rows, ([name]) => name, ([name]) => {
      const value = h('dd');
      return { node: h('div', null, h('dt', null, name), value),
        update: ([, text]) => setText(value, text) };
    });
  }

  // Whoever reads further up is not dragged down by a new line.
  write(lines) {
    this.quiet.hidden = Boolean(lines.length);
    this.log.hidden = !lines.length;
    const atEnd = this.log.scrollTop + this.log.clientHeight >=
      this.log.scrollHeight - 4;
    const seen = new Map();
    const marked = lines.map((line) => {
      const mark = `${line.stream} ${line.time} ${line.text}`;
      const count = (seen.get(mark) || 0) + 1;
      seen.set(mark, count);
      return { ...line, key: `${count} ${mark}` };
    });
    keyed(this.log, marked, (line) => line.key, (line) => ({
      node: h('p', { class: line.stream }, h('time', {
        datetime: line.time, title: line.time },
      line.time ? clock(Date.parse(line.time) / 1000) : ''), line.text) }));
    if (atEnd) this.log.scrollTop = this.log.scrollHeight;
  }
}

// A table of documents that one request brings.
class Listing extends View {
  constructor(ask, kind, title, columns, nothing) {
    super();
    Object.assign(this, { ask, kind, title });
    this.count = h('span', { class: 'soft' });
    this.table = table(title, columns);
    this.table.node.hidden = true;
    this.nothing = empty('Loading …');
    this.words = nothing;
    this.node = h('section', null, h('div', { class: 'head' },
      h('h1', null, title), this.count), this.table.node, this.nothing);
  }

  list(items, key, make) {
    this.table.node.hidden = !items.length;
    this.nothing.hidden = Boolean(items.length);
    setText(this.nothing, this.words);
    keyed(this.table.body, items, key, make);
  }
}

export class Images extends Listing {
  constructor(ask) {
    super(ask, 'images', 'Images', [['Name'], ['Id'], ['Created'],
      ['Containers', 'number'], ['Size', 'number']],
    'There are no images. Load one: novacontainer load -i FILE');
  }

  async refresh() {
    const { images } = await this.ask('images');
    images.sort((one, other) => other.created_s - one.created_s);
    setText(this.count, `${images.length}`);
    this.list(images, (one) => one.id, (one) => {
      const name = h('td');
      const created = h('td', { class: 'narrow' });
      const users = h('td', { class: 'number' });
      return {
        node: h('tr', null, name,
          h('td', { class: 'mono narrow' }, short(one.id)), created, users,
          h('td', { class: 'number' }, bytes(one.size_bytes))),
        update(now) {
          setText(name, now.names.join(', ') || 'without a name');
          setText(created, now.created_s > 0 ? ago(now.created_s) : '–');
          setText(users, String(now.containers));
        },
      };
    });
  }
}

export class Events extends Listing {
  constructor(ask) {
    super(ask, 'events', 'Events', [['Time'], ['What'], ['Whom'],
      ['Details']],
    'Nothing has happened since the daemon started.');
  }

  async refresh() {
    const { events } = await this.ask('events');
    const key = (one) => `${one.time_ns} ${one.action} ${one.id}`;
    setText(this.count, 'the latest first');
    this.list(events, key, (one) => ({
      node: h('tr', null,
        h('td', { class: 'narrow' }, h('time', {
          datetime: new Date(one.time_s * 1000).toISOString() },
        when(one.time_s))),
        h('td', { class: 'narrow' }, `${one.type} `,
          h('b', null, one.action)),
        h('td', null, one.type === 'container' && one.name
          ? h('a', { href: link(one) }, one.name)
          : one.name || short(one.id),
        one.image ? h('small', null, one.image) : null),
        h('td', { class: 'soft' }, Object.entries(one.details).map(
          ([name, value]) => `${name} ${value}`).join(', '))),
    }));
  }
}
