import { h } from './dom.js';

/**
 * The Markdown of text widgets: headings, lists, paragraphs, code, bold, emphasis, links. Tables and buttons of
 * CloudWatch's dialect are shown as they are written.
 */
export function markdown(text) {
  const blocks = text.replace(/\r/g, '').split(/\n{2,}|(?<=^#{1,6} .*)\n/m);
  return blocks.filter((block) => block.trim()).map(blockOf);
}

function blockOf(block) {
  const heading = /^(#{1,6}) (.*)$/s.exec(block.trim());
  // The widget's own title is the second level of the page.
  if (heading) return h(`h${Math.min(6, heading[1].length + 2)}`, {}, inline(heading[2]));
  const lines = block.trim().split('\n');
  if (lines.every((line) => /^[-*] /.test(line))) return listOf('ul', lines, /^[-*] /);
  if (lines.every((line) => /^\d+\. /.test(line))) return listOf('ol', lines, /^\d+\. /);
  return h('p', {}, inline(block.trim()));
}

function listOf(tag, lines, mark) {
  return h(
    tag,
    {},
    lines.map((line) => h('li', {}, inline(line.replace(mark, '')))),
  );
}

const pattern = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/g;

function inline(text) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(pattern)) {
    const [whole, code, bold, emphasis, label, href] = found;
    parts.push(text.slice(from, found.index));
    if (code !== undefined) parts.push(h('code', {}, code));
    else if (bold !== undefined) parts.push(h('strong', {}, bold));
    else if (emphasis !== undefined) parts.push(h('em', {}, emphasis));
    else parts.push(h('a', { href, target: '_blank', rel: 'noopener noreferrer' }, label));
    from = found.index + whole.length;
  }
  parts.push(text.slice(from));
  return parts;
}
