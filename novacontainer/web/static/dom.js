// Elements, made and kept up to date without markup: text stays text.

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false) {
      node.setAttribute(name, value === true ? '' : value);
    }
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

// Change a node only where it differs, so that a selection in it survives.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setClass(node, name) {
  if (node.getAttribute('class') !== name) node.setAttribute('class', name);
}

// Keep one child for each item: make those that are new, update all, remove
// what is gone, and move only what is in the wrong place.
export function keyed(parent, items, key, make) {
  const parts = parent.parts || (parent.parts = new Map());
  const wanted = new Set(items.map(key));
  for (const [name, part] of parts) {
    if (!wanted.has(name)) {
      part.node.remove();
      parts.delete(name);
    }
  }
  let place = parent.firstChild;
  for (const item of items) {
    let part = parts.get(key(item));
    if (!part) {
      part = make(item);
      parts.set(key(item), part);
    }
    if (part.update) part.update(item);
    if (part.node === place) place = place.nextSibling;
    else parent.insertBefore(part.node, place);
  }
}

export function table(caption, columns, kind) {
  const body = h('tbody');
  const node = h('div', { class: 'wide' }, h('table', { class: kind },
    h('caption', null, caption),
    h('thead', null, h('tr', null, ...columns.map(([title, look]) =>
      h('th', { scope: 'col', class: look }, title)))),
    body));
  return { node, body };
}
