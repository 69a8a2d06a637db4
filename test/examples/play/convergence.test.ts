import { convergenceOf, describeConvergence } from '../../../examples/play/convergence.ts';
import type { StoryRow } from '../../../pipeline/history/story-rows.ts';

const now = new Date('2026-05-01T12:00:30Z');
const at = new Date('2026-05-01T12:00:01Z');
const row = (type: StoryRow['type'], detail: object): StoryRow =>
  ({
    type,
    at,
    detail: { schemaVersion: 1, id: 'i', versionId: 'v2', promotedAt: '2026-05-01T12:00:00.000Z', ...detail },
  }) as StoryRow;
const converging = (consumer: string, expectedAt = '2026-05-01T12:01:00.000Z') =>
  row('Consumer Converging', { consumer, expectedAt });
const converged = (consumer: string, seconds: number, more: object = {}) =>
  row('Consumer Converged', {
    consumer,
    evidence: 'bound',
    convergedAt: new Date(Date.parse('2026-05-01T12:00:00Z') + seconds * 1000).toISOString(),
    convergenceMilliseconds: seconds * 1000,
    ...more,
  });

test.each([
  ['nothing was published', [], 'nothing published'],
  ['every consumer has its evidence', [converged('items', 15), converged('login', 16.34)], '16.3 s'],
  ['one is on its way', [converging('login'), converged('items', 15)], 'converging until 2026-05-01T12:01:00Z'],
  [
    'two are on their way',
    [converging('a', '2026-05-01T12:00:40Z'), converging('b')],
    'converging until 2026-05-01T12:01:00Z',
  ],
  [
    'the moment has passed, and no evidence came',
    [converging('a', '2026-05-01T12:00:20Z')],
    'evidence overdue since 2026-05-01T12:00:20Z',
  ],
  ['evidence of a moment that has not come', [converged('items', 45)], 'converging until 2026-05-01T12:00:45Z'],
  [
    'one lags',
    [row('Consumer Lagging', { consumer: 'chat', reason: 'no pg' }), converging('login')],
    'chat lagging since 2026-05-01T12:00:01Z because no pg',
  ],
  ['of another version', [converged('items', 15, { versionId: 'v1' })], 'nothing published'],
  [
    'its version was promoted once more, by a roll-back',
    [
      row('Consumer Converging', {
        consumer: 'items',
        promotedAt: '2026-05-01T12:00:20.000Z',
        expectedAt: '2026-05-01T12:01:00Z',
      }),
      converged('items', 15),
      converging('items'),
    ],
    '15.0 s',
  ],
])('the table says what was measured: %s', (_, story, words) => {
  expect(describeConvergence(convergenceOf(story, 'v2', now))).toBe(words);
});
