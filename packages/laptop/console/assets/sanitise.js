/**
 * What a custom widget may show: most of HTML and SVG, no script, no frame, nothing from elsewhere. Elements are built anew
 * from the lists below; what is not in them never reaches the page.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_security.html
 */

const html = new Set(
  (
    'a abbr article aside b blockquote br button caption cite code col colgroup dd del details dfn div dl dt em ' +
    'fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr i img input ins kbd label legend li main mark ' +
    'meter nav ol optgroup option output p pre progress q s samp section select small span strong sub summary sup ' +
    'table tbody td textarea tfoot th thead time tr u ul var wbr'
  ).split(' '),
);
const svg = new Set(
  (
    'svg g path rect circle ellipse line polyline polygon text tspan title desc defs linearGradient radialGradient ' +
    'stop clipPath marker pattern mask'
  ).split(' '),
);
const attributes = new Set(
  (
    'class title lang dir role tabindex colspan rowspan scope headers datetime open for name value type placeholder ' +
    'checked selected disabled readonly multiple min max step low high optimum rows cols label alt width height ' +
    'viewBox d x y x1 y1 x2 y2 cx cy r rx ry points transform fill stroke stroke-width stroke-dasharray opacity ' +
    'stroke-linecap stroke-linejoin fill-opacity stroke-opacity text-anchor dominant-baseline font-size font-weight ' +
    'font-family offset stop-color stop-opacity gradientUnits preserveAspectRatio dx dy id'
  ).split(' '),
);
const SVG = 'http://www.w3.org/2000/svg';

const policy = window.trustedTypes?.createPolicy('inert-document', { createHTML: (text) => text });

/**
 * Reads a widget's HTML into fresh nodes. `css` is the text of its style elements; each `cwdb-action` is left as
 * `cwdbAction` on the element before it, for the code that wires the widget.
 */
export function sanitise(text) {
  // Renamed, so that the page's policy has nothing to refuse in the document that is only read.
  const renamed = text.replace(/<(\/?)style\b/gi, '<$1x-style');
  // A document of its own: nothing in it runs or loads.
  const parsed = new DOMParser().parseFromString(policy ? policy.createHTML(renamed) : renamed, 'text/html');
  const css = [...parsed.querySelectorAll('x-style')].map((style) => style.textContent).join('\n');
  const content = document.createDocumentFragment();
  copyChildren(parsed.body, content);
  return { content, css: harmless(css) };
}

function copyChildren(from, to) {
  for (const child of from.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) to.append(child.nodeValue);
    if (child.nodeType !== Node.ELEMENT_NODE) continue;
    if (child.localName === 'cwdb-action') attach(child, to.lastElementChild);
    else copyElement(child, to);
  }
}

function copyElement(element, to) {
  const isSvg = element.namespaceURI === SVG;
  const isKnown = isSvg ? svg.has(element.localName) : html.has(element.localName);
  if (!isKnown) return;
  const copy = isSvg ? document.createElementNS(SVG, element.localName) : document.createElement(element.localName);
  for (const { name, value } of element.attributes) copyAttribute(copy, name, value);
  copyChildren(element, copy);
  to.append(copy);
}

function copyAttribute(copy, name, value) {
  if (attributes.has(name) || /^(aria|data)-[a-z-]+$/.test(name)) {
    if (/url\s*\(/i.test(value) && !/^url\(#[\w-]+\)$/.test(value)) return;
    copy.setAttribute(name, value);
  } else if (name === 'style') {
    copy.style.cssText = harmless(value);
  } else if (name === 'src' && copy.localName === 'img') {
    if (/^data:image\/(png|gif|jpeg|webp);base64,/.test(value)) copy.setAttribute('src', value);
  } else if (name === 'href' && copy.localName === 'a') {
    link(copy, value);
  }
}

/** Styles may not load anything; the policy of the page would refuse it too. */
function harmless(css) {
  return css.replace(/@import[^;]*;?/gi, '').replace(/url\s*\([^)]*\)?/gi, 'none');
}

/** Links into AWS's console lead to this one, where it has the page; others open beside it. */
function link(copy, href) {
  const here = ownPage(href);
  if (here !== undefined) copy.setAttribute('href', here);
  else if (/^(https?|mailto):/i.test(href)) {
    copy.setAttribute('href', href);
    copy.setAttribute('target', '_blank');
    copy.setAttribute('rel', 'noopener noreferrer');
  }
}

function ownPage(href) {
  const path = href.replace(/^https:\/\/([a-z0-9-]+\.)?console\.aws\.amazon\.com/, '');
  const execution = /^\/states\/home[^#]*#\/(?:v2\/)?executions\/details\/(.+)$/.exec(path);
  if (execution) return `#/executions/${encodeURIComponent(decodeURIComponent(execution[1]))}`;
  if (/^\/states\/home/.test(path)) return '#/executions';
  if (/^\/lambda\/home/.test(path)) return '#/functions';
  const dashboard = /^\/cloudwatch\/home[^#]*#dashboards(?::name=|\/dashboard\/)([\w-]+)/.exec(path);
  if (dashboard) return `#/dashboards/${dashboard[1]}`;
  if (/^\/cloudwatch\/home[^#]*#alarms/.test(path)) return '#/alarms';
  return undefined;
}

function attach(element, target) {
  if (!target) return;
  const text = (name, fallback) => element.getAttribute(name) ?? fallback;
  const action = {
    kind: text('action', 'html'),
    confirmation: text('confirmation', ''),
    display: text('display', 'widget'),
    endpoint: text('endpoint', ''),
    event: text('event', 'click'),
    content: element.innerHTML,
    text: element.textContent,
  };
  target.cwdbAction = action;
  // What answers to a pointer answers to the keyboard.
  if (
    !/^(a|button|input|select|textarea|summary)$/.test(target.localName) ||
    (target.localName === 'a' && !target.hasAttribute('href'))
  ) {
    target.setAttribute('tabindex', '0');
    target.setAttribute('role', 'button');
  }
}
