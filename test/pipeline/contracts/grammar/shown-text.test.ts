import { printJson, printTable } from '../../../../cli/terminal/table.ts';
import { openTerminal } from '../../../../cli/terminal/terminal.ts';
// @ts-expect-error: pages of the console have no types.
import { shownText as shownOnPages } from '../../../../packages/laptop/console/assets/shown-text.js';
import { oneLine, shownText } from '../../../../pipeline/contracts/grammar/shown-text.ts';
import { escapeHtml } from '../../../../pipeline/dashboard/html.ts';
import { composeNotice } from '../../../../pipeline/reports/notice.ts';

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const obeyed = [
  ...numbers(0x202a, 0x202e),
  ...numbers(0x2066, 0x2069),
  0x200e,
  0x200f,
  0x061c,
  0x1b,
  0x07,
  0x00,
  0x9b,
  0x2028,
]
  .map((code) => String.fromCharCode(code))
  .concat('\ud800');
const text = `before${obeyed.join('x')}after`;
const holds = (shown: string) => obeyed.filter((character) => shown.includes(character));

/** What a command writes, on a terminal with colours. */
function written(use: (terminal: ReturnType<typeof openTerminal>) => void): string {
  const lines: string[] = [];
  const stream = { isTTY: true, write: (line: string) => lines.push(line) };
  use(openTerminal({ stdin: {}, stdout: stream, stderr: stream, env: {} } as never));
  return lines.join('');
}

test.each<[string, () => string]>([
  ['a text', () => shownText(text)],
  ['a line', () => oneLine(text)],
  ['a page of the dashboard', () => escapeHtml(text)],
  ['a page of the laptop', () => shownOnPages(text)],
  ['a line of a terminal', () => written((terminal) => terminal.print(text))],
  ['a note of a terminal', () => written((terminal) => terminal.note(text))],
  ['a document for programs', () => written((terminal) => printJson(terminal, { [text]: [text] }))],
  [
    'a notice',
    () => {
      const detail = {
        schemaVersion: 1,
        id: '1',
        secretArn: 'arn:aws:x',
        secretName: text,
        code: 'Drift',
        message: text,
      };
      const event = {
        source: 'keyturn',
        'detail-type': 'Drift Found',
        detail: { ...detail, observed: text, expected: text },
      };
      const notice = composeNotice(event);
      return `${notice?.subject}\n${notice?.message}`;
    },
  ],
])('%s shows none of what a terminal or page would follow', (_, show) => {
  const shown = show();
  expect(shown).toContain('before');
  expect(holds(shown)).toEqual([]);
});

test('a table keeps its own colours, and none of a cell', () => {
  const shown = written((terminal) =>
    printTable(terminal, ['NAME'], [[{ text: `a\u001b[2J\u202eb`, colour: 'red' }], ['\u001b[31mplain']]),
  );
  expect(shown).toContain('\u001b[31ma\ufffd[2J\ufffdb\u001b[39m');
  expect(shown).toContain('\ufffd[31mplain');
});

test('a document for programs loses nothing', () => {
  const shown = written((terminal) => printJson(terminal, { text }));
  expect(JSON.parse(shown)).toEqual({ text });
});

test('the laptop’s console has the same list', () => {
  const all = numbers(0, 0x1_0fff).map((code) => `a${String.fromCodePoint(code)}b`);
  expect(all.filter((each) => shownText(each) !== shownOnPages(each))).toEqual([]);
});
