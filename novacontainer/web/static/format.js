// Numbers and times as people read them.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function bytes(count) {
  let unit = 0;
  let value = count;
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${trim(value)} ${UNITS[unit]}`;
}

// As “docker stats” does: 100 % is one cpu.
export function cpu(count) {
  return `${trim(count * 100, count < 0.01 ? 2 : count < 0.1 ? 1 : 0)} %`;
}

// As many digits as say something.
function trim(value, digits) {
  const places = digits ?? (value < 10 ? 2 : value < 100 ? 1 : 0);
  return String(parseFloat(value.toFixed(places)));
}

const SPANS = [[31536000, 'year'], [2592000, 'month'], [86400, 'day'],
  [3600, 'hour'], [60, 'minute'], [1, 'second']];

export function ago(time) {
  const seconds = Math.max(0, Date.now() / 1000 - time);
  for (const [length, name] of SPANS) {
    const count = Math.floor(seconds / length);
    if (count > 1 || (count && length <= 60)) {
      return `${count} ${name}${count > 1 ? 's' : ''} ago`;
    }
  }
  return 'now';
}

export function clock(time) {
  return new Date(time * 1000).toLocaleTimeString([], { hour12: false });
}

// With the day where that is not today.
export function when(time) {
  const day = new Date(time * 1000).toLocaleDateString();
  return day === new Date().toLocaleDateString()
    ? clock(time) : `${day} ${clock(time)}`;
}

export function moment(text) {
  if (!text) return '–';
  const date = new Date(text);
  return `${date.toLocaleDateString()} ${date.toLocaleTimeString([], {
    hour12: false })} (${ago(date.getTime() / 1000)})`;
}

export function short(ident) {
  return ident.replace(/^sha256:/, '').slice(0, 12);
}
