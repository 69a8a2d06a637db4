import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { findingCodes } from '../../../pipeline/contracts/audit.ts';
import { CheckRequest, checkCodes } from '../../../pipeline/contracts/check.ts';
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
