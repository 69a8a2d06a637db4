import { PassThrough } from 'node:stream';
import { describeError } from '../../../cli/terminal/describe-error.ts';
import { printTable } from '../../../cli/terminal/table.ts';
import { openTerminal, type Streams, usesColours } from '../../../cli/terminal/terminal.ts';
import { duration, relative } from '../../../cli/terminal/times.ts';
import { oneLine } from '../../../pipeline/contracts/grammar/shown-text.ts';

function streams(isTerminal: boolean, env: Record<string, string> = {}) {
  const said: string[] = [];
  const stream = () => {
    const made = Object.assign(new PassThrough(), { isTTY: isTerminal });
    made.on('data', (chunk) => said.push(String(chunk)));
    return made;
  };
  const made = { stdin: stream(), stdout: stream(), stderr: stream(), env };
  return { ...made, said, asStreams: made as unknown as Streams };
}

test.each<[string, boolean, Record<string, string>, boolean]>([
  ['a terminal', true, {}, true],
  ['no terminal', false, {}, false],
  ['NO_COLOR', true, { NO_COLOR: '1' }, false],
  ['an empty NO_COLOR', true, { NO_COLOR: '' }, true],
  ['a dumb terminal', true, { TERM: 'dumb' }, false],
])('colours with %s: %#', (_, isTerminal, env, expected) => {
  expect(usesColours(isTerminal, env)).toBe(expected);
});

describe('a question', () => {
  test('is asked at a terminal, and only yes goes on', async () => {
    const { stdin, asStreams, said } = streams(true);
    const asking = openTerminal(asStreams).confirm('Really?', undefined);
    stdin.write('yes\n');
    await asking;
    expect(said.join('')).toContain('Really? Type yes to go on: ');
  });

  test.each(['y', 'no', ''])('answered with %j ends it', async (answer) => {
    const { stdin, asStreams } = streams(true);
    const asking = openTerminal(asStreams).confirm('Really?', undefined);
    stdin.write(`${answer}\n`);
    await expect(asking).rejects.toThrow('Nothing was done.');
  });

  test('is not asked with --yes, and refused where nobody can answer', async () => {
    const { asStreams, said } = streams(false);
    await openTerminal(asStreams).confirm('Really?', true);
    expect(said).toEqual([]);
    await expect(openTerminal(asStreams).confirm('Really?', undefined)).rejects.toThrow(
      'Really? There is no terminal to answer at. Pass --yes',
    );
  });
});

test('text from outside cannot steer the terminal, and stays on its line', () => {
  expect(oneLine('a\u001b[31mred\u0007\n  b\u202e')).toBe('a\ufffd[31mred\ufffd b\ufffd');
});

test('a table is as wide as its widest cells, and colours do not count', () => {
  const { asStreams, said } = streams(true);
  printTable(
    openTerminal(asStreams),
    ['NAME', 'STATE'],
    [
      ['shop/database', { text: 'ok', colour: 'green' }],
      ['x', 'failed\nbadly'],
    ],
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of the colours.
  const plain = said.join('').replace(/\u001b\[\d+m/g, '');
  expect(plain).toBe('NAME           STATE\nshop/database  ok\nx              failed badly\n');
});

test.each([
  [900, '0.9 s'],
  [40_000, '40 s'],
  [3_000_000, '50 min'],
  [20_000_000, '6 h'],
  [900_000_000, '10 d'],
])('%i ms are %s', (milliseconds, text) => expect(duration(milliseconds)).toBe(text));

test('a time is told from now', () => {
  const now = new Date('2026-11-24T12:00:00Z');
  expect(relative(new Date('2026-11-27T12:00:00Z'), now)).toBe('in 3 d');
  expect(relative(new Date('2026-11-24T11:50:00Z'), now)).toBe('10 min ago');
  expect(relative(undefined, now)).toBe('');
});

describe('an error that AWS or the network gives', () => {
  const named = (name: string, message = 'm', more: object = {}) =>
    Object.assign(new Error(message), { name, ...more });
  test.each<[unknown, number]>([
    [named('ExpiredTokenException'), 4],
    [named('UnrecognizedClientException'), 4],
    [named('AccessDeniedException'), 4],
    [named('StateMachineDoesNotExist'), 3],
    [named('Error', 'x', { code: 'ENOTFOUND', hostname: 'nowhere.invalid' }), 5],
    [named('TimeoutError'), 5],
    [Object.assign(new AggregateError([named('Error', '', { code: 'ECONNREFUSED', address: '::1', port: 9 })]), {}), 5],
    [named('ThrottlingException'), 1],
    ['not even an error', 1],
  ])('%s has its exit code', (error, code) => {
    expect(describeError(error)).toMatchObject({ exitCode: code, message: expect.stringMatching(/^[^\n]+$/) });
  });
});
