import { describeEvent } from '../../../cli/execution/describe-event.ts';

const at = new Date('2026-05-01T12:00:01Z');
const base = { schemaVersion: 1, id: 'i', secretArn: 'a', secretName: 's', versionId: 'v2', consumer: 'shop' };

test.each([
  ['Consumer Converging', { expectedAt: '2026-05-01T12:05:30.000Z' }, 'shop converging until 2026-05-01T12:05:30Z'],
  [
    'Consumer Converged',
    { evidence: 'bound', convergedAt: '2026-05-01T12:05:30.000Z', convergenceMilliseconds: 330_000 },
    'shop converged at 2026-05-01T12:05:30Z by bound',
  ],
  [
    'Consumer Converged',
    { evidence: 'recycled', convergedAt: '2026-05-01T12:00:20Z', convergenceMilliseconds: 20_000 },
    'shop converged at 2026-05-01T12:00:20Z by recycle',
  ],
  [
    'Consumer Converged',
    { evidence: 'tasks', convergedAt: '2026-05-01T12:00:20Z', convergenceMilliseconds: 20_000 },
    'shop converged at 2026-05-01T12:00:20Z by tasks',
  ],
  ['Consumer Lagging', { reason: 'no pg' }, 'shop lagging since 2026-05-01T12:00:01Z because no pg'],
  [
    'Check Inconclusive',
    { check: 'database', type: 'database', code: 'TargetUnavailable', message: 'read-only' },
    'check database reached no verdict: TargetUnavailable read-only',
  ],
])('%s %j: %s', (type, detail, what) => {
  expect(describeEvent({ type, at, detail: { ...base, ...detail } }).what).toBe(what);
});

test('an event of before, published at the promotion, is no evidence', () => {
  const detail = { ...base, evidence: 'bound', convergenceMilliseconds: 330_000 };
  expect(describeEvent({ type: 'Consumer Converged', at, detail }).what).toBe(
    'shop converging until 2026-05-01T12:05:31Z',
  );
});

test('what a row lacks is left out, and nothing breaks', () => {
  const detail = { consumer: 'shop' };
  expect(describeEvent({ type: 'Consumer Converging', at, detail }).what).toBe('shop converging');
  expect(describeEvent({ type: 'Consumer Converged', at, detail }).what).toBe('shop converged');
  expect(describeEvent({ type: 'Consumer Lagging', at, detail }).what).toContain('because of an unknown reason');
});
