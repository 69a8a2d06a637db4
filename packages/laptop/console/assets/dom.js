/** Builds elements without ever reading HTML: text is text. */

import { shownText } from './shown-text.js';

const SVG = 'http://www.w3.org/2000/svg';

/** An HTML element; `null` and `false` among attributes and children are left out. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    // The policy of the page refuses style attributes in markup; properties set one by one it does not.
    if (name === 'style')
      for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
    else element.setAttribute(name, value === true ? '' : shownText(String(value)));
  }
  for (const child of children.flat(9)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : shownText(String(child)));
  }
  return element;
}

/** Makes the children of `host` like those of `fresh`, keeping every node that can stay: focus, scroll and selection too. */
export function morphChildren(host, fresh) {
  const kept = new Map();
  for (const child of host.childNodes) {
    const key = keyOf(child);
    if (key) kept.set(key, child);
  }
  let at = host.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = keyOf(wanted);
    const match = key ? kept.get(key) : at && !keyOf(at) && isAlike(at, wanted) ? at : undefined;
    if (!match || !isAlike(match, wanted)) {
      host.insertBefore(wanted, at);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else host.insertBefore(match, at);
    morph(match, wanted);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function keyOf(node) {
  return node.nodeType === Node.ELEMENT_NODE ? (node.getAttribute('data-key') ?? node.id) || undefined : undefined;
}

function isAlike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName;
}

/** `data-keep` marks what lives a life of its own; whether `details` are open is the reader's choice. */
function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) {
    const isReaders = name === 'open' && old.localName === 'details';
    if (!fresh.hasAttribute(name) && !isReaders) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) setAttribute(old, name, value);
  old.cwdbAction = fresh.cwdbAction;
  if (!old.hasAttribute('data-keep')) morphChildren(old, fresh);
}

function setAttribute(element, name, value) {
  if (name === 'style') element.style.cssText = value;
  else element.setAttribute(name, value);
}
