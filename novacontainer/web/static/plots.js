// Curves over the last minutes, drawn as SVG.

import { h, s, setText } from '/dom.js';
import { clock } from '/format.js';

// Seconds that a plot shows.
export const WINDOW = 240;

const EDGE = { top: 8, right: 6, bottom: 20, left: 58 };

// What was not sampled is a gap, not a straight line.
function runs(points, value, period) {
  const found = [];
  const oldest = Date.now() / 1000 - WINDOW;
  let last = null;
  for (const point of points) {
    const y = value(point);
    if (y === null || y === undefined || point.time_s < oldest) continue;
    if (last === null || point.time_s - last > 3 * period + 5) found.push([]);
    found[found.length - 1].push([point.time_s, y]);
    last = point.time_s;
  }
  return found;
}

function path(run, x, y) {
  return run.map(([time, value], i) =>
    `${i ? 'L' : 'M'}${x(time).toFixed(1)} ${y(value).toFixed(1)}`).join('');
}

function area(run, x, y) {
  return `${path(run, x, y)}L${x(run[run.length - 1][0]).toFixed(1)} ${
    y(0).toFixed(1)}L${x(run[0][0]).toFixed(1)} ${y(0).toFixed(1)}Z`;
}

// The next round number: 1, 2, 5, 10 … of cpus; powers of two of bytes.
function ceiling(value, binary) {
  if (binary) return 2 ** Math.ceil(Math.log2(Math.max(value, 2 ** 20)));
  const size = 10 ** Math.floor(Math.log10(Math.max(value, 0.001)));
  return [1, 2, 5, 10].find((step) => step * size >= value * 0.9999) * size;
}

function top(found, limit, binary) {
  const most = Math.max(0, ...found.flat().map(([, y]) => y)) * 1.05;
  // A limit is drawn where it would not flatten the curve.
  return limit && limit <= most * 4
    ? Math.max(most, limit * 1.12) : ceiling(most, binary);
}

export function sparkline(kind, value, binary) {
  const shape = s('path', { class: 'area' });
  const curve = s('path', { class: 'curve' });
  const node = s('svg', { class: kind, viewBox: '0 0 120 30',
    preserveAspectRatio: 'none', 'aria-hidden': 'true' },
  s('path', { class: 'grid', d: 'M0 29.5H120' }), shape, curve);
  return {
    node,
    draw(points, limit, period) {
      const found = runs(points, value, period);
      const high = top(found, limit, binary);
      const now = Date.now() / 1000;
      const x = (time) => 120 - ((now - time) / WINDOW) * 120;
      const y = (level) => 29 - (level / high) * 27;
      curve.setAttribute('d', found.map((run) => path(run, x, y)).join(''));
      shape.setAttribute('d', found.map((run) => area(run, x, y)).join(''));
    },
  };
}

export class Plot {
  // `value` picks the number of a sample, `write` makes text of it.
  constructor({ kind, title, value, write, binary }) {
    Object.assign(this, { title, value, write, binary });
    this.reading = h('b', null, '–');
    this.note = h('span', { class: 'soft' });
    this.svg = s('svg', { class: kind, role: 'img', 'aria-label': title });
    this.node = h('figure', null, h('figcaption', null,
      h('span', null, h('span', { class: 'soft' }, `${title} `), this.reading),
      this.note), this.svg);
    this.pointer = null;
    this.svg.addEventListener('pointermove', (event) => {
      this.pointer = event.offsetX;
      this.paint();
    });
    this.svg.addEventListener('pointerleave', () => {
      this.pointer = null;
      this.paint();
    });
    this.watcher = new ResizeObserver(() => this.paint());
    this.watcher.observe(this.svg);
  }

  close() {
    this.watcher.disconnect();
  }

  draw(points, limit, note, period) {
    Object.assign(this, { points, limit, period });
    setText(this.note, note);
    this.paint();
  }

  paint() {
    const width = this.svg.clientWidth;
    const height = this.svg.clientHeight;
    if (!this.points || width < EDGE.left + EDGE.right) return;
    const found = runs(this.points, this.value, this.period);
    const high = top(found, this.limit, this.binary);
    const now = Date.now() / 1000;
    const right = width - EDGE.right;
    const bottom = height - EDGE.bottom;
    const x = (time) =>
      right - ((now - time) / WINDOW) * (right - EDGE.left);
    const y = (level) => bottom - (level / high) * (bottom - EDGE.top);
    const shown = this.axes(high, x, y, now, right);
    if (this.limit && this.limit <= high) {
      shown.push(s('path', { class: 'limit',
        d: `M${EDGE.left} ${y(this.limit).toFixed(1)}H${right}` }));
    }
    for (const run of found) {
      shown.push(s('path', { class: 'area', d: area(run, x, y) }),
        s('path', { class: 'curve', d: path(run, x, y) }));
    }
    const last = found.length ? found[found.length - 1].slice(-1)[0] : null;
    const point = this.pointed(found, x) || last;
    if (point) {
      if (point !== last) {
        shown.push(s('path', { class: 'mark',
          d: `M${x(point[0]).toFixed(1)} ${EDGE.top}V${bottom}` }));
      }
      shown.push(s('circle', { class: 'dot', r: 3, cx: x(point[0]),
        cy: y(point[1]) }));
    }
    setText(this.reading, point ? this.write(point[1]) +
      (point === last ? '' : ` at ${clock(point[0])}`) : '–');
    this.svg.setAttribute('aria-label', `${this.title}: ${last
      ? this.write(last[1]) : 'not known'}`);
    this.svg.replaceChildren(...shown);
  }

  axes(high, x, y, now, right) {
    const shown = [];
    for (const level of [0, high / 2, high]) {
      shown.push(s('path', { class: 'grid',
        d: `M${EDGE.left} ${Math.round(y(level)) + 0.5}H${right}` }),
      s('text', { x: EDGE.left - 8, y: y(level) + 4, 'text-anchor': 'end' },
        this.write(level)));
    }
    for (const minutes of [4, 3, 2, 1, 0]) {
      shown.push(s('text', { x: x(now - minutes * 60), y: y(0) + 16,
        'text-anchor': minutes === 4 ? 'start' : minutes ? 'middle' : 'end',
      }, minutes ? `−${minutes} min` : 'now'));
    }
    return shown;
  }

  // The sample that the pointer is nearest to.
  pointed(found, x) {
    if (this.pointer === null) return null;
    let best = null;
    for (const point of found.flat()) {
      if (!best || Math.abs(x(point[0]) - this.pointer) <
          Math.abs(x(best[0]) - this.pointer)) best = point;
    }
    return best;
  }
}
