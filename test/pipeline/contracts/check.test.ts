import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { findingCodes } from '../../../pipeline/contracts/audit.ts';
import { CheckRequest, CheckVerdict, checkCodes, outcomeOf } from '../../../pipeline/contracts/check.ts';
import { metricNames } from '../../../pipeline/contracts/metrics.ts';
import { checkParameters } from '../../../pipeline/contracts/settings/checks.ts';

const page = (name: string) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
const checks = page('checks.md');
const operating = page('operating.md');
const examples = [...checks.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) => JSON.parse(text));
const written = examples.flatMap((example) => example.checks ?? (example.type ? [example] : []));

test('every code of a check, of a finding and every metric is told where people look', () => {
  const missing = (text: string, words: readonly string[]) => words.filter((word) => !text.includes(`\`${word}\``));
  expect(missing(checks, Object.keys(checkCodes))).toEqual([]);
  expect(missing(operating, Object.keys(findingCodes))).toEqual([]);
  expect(missing(operating, metricNames)).toEqual([]);
});

test('every alarm has its section in the runbook', () => {
  const source = readFileSync(new URL('../../../stacks/alarms.ts', import.meta.url), 'utf8');
  const ids = [...source.matchAll(/#(?:ring|add)\(\s*'(\w+)'/g)].map(([, id]) => id);
  expect(ids).toContain('RotationFailed');
  expect(ids.filter((id) => !operating.includes(`\n## ${id}\n`))).toEqual([]);
});

test.each(
  written.map((check) => [check.type as keyof typeof checkParameters, check]),
)('the example of a %s check is one that it takes', (type, check) => {
  const functionArn = type === 'consumer' ? { functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:f' } : {};
  const parsed = v.safeParse(checkParameters[type], { ...check.parameters, ...functionArn });
  expect(parsed.issues).toBeUndefined();
});

test('the example of a payload is one', () => {
  const payloads = examples.filter((example) => example.check);
  expect(payloads).toHaveLength(1);
  expect(v.is(CheckRequest, payloads[0])).toBe(true);
});

test('a parameter that nobody knows is refused: it would check less than it says', () => {
  const least: Record<string, object> = {
    bedrock: { modelId: 'm' },
    consumer: { functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:f' },
    http: { url: 'https://a.example' },
    jwks: { url: 'https://a.example' },
  };
  for (const [type, schema] of Object.entries(checkParameters)) {
    expect([type, v.is(schema, { ...least[type] }), v.is(schema, { ...least[type], surplus: 1 })]).toEqual([
      type,
      true,
      false,
    ]);
  }
});

describe('the answer of a check function', () => {
  const durationMilliseconds = 5;

  test('says its outcome', () => {
    expect(v.parse(CheckVerdict, { outcome: 'passed', durationMilliseconds })).toEqual({
      outcome: 'passed',
      durationMilliseconds,
    });
    const failed = { outcome: 'failed', durationMilliseconds, code: 'KeyRefused', cause: 'refused' };
    expect(v.parse(CheckVerdict, failed)).toEqual(failed);
  });

  test('may say "ok", as functions and executions from before do, and is read as the same', () => {
    const observed = { observed: 'answers', measured: { status: 200 } };
    expect(v.parse(CheckVerdict, { ok: true, durationMilliseconds, ...observed })).toEqual({
      outcome: 'passed',
      durationMilliseconds,
      ...observed,
    });
    const failed = { ok: false, durationMilliseconds, code: 'KeyRefused', cause: 'refused' };
    expect(v.parse(CheckVerdict, failed)).toMatchObject({ outcome: 'failed', code: 'KeyRefused' });
  });

  test('that fails without a code, or holds another outcome beside "ok", is not taken for a pass', () => {
    expect(v.is(CheckVerdict, { ok: false, durationMilliseconds })).toBe(false);
    expect(
      v.parse(CheckVerdict, { outcome: 'failed', ok: true, durationMilliseconds, code: 'A', cause: 'b' }),
    ).toMatchObject({ outcome: 'failed' });
  });

  test('is read the same where a check is shown: passed, failed, or without a verdict', () => {
    expect([{ ok: true }, {}, { outcome: 'passed' }].map(outcomeOf)).toEqual(['passed', 'passed', 'passed']);
    expect([{ ok: false }, { outcome: 'failed' }].map(outcomeOf)).toEqual(['failed', 'failed']);
    expect(outcomeOf({ outcome: 'inconclusive', ok: false })).toBe('inconclusive');
    expect(outcomeOf({ outcome: 'passed', ok: false })).toBe('failed');
  });
});
