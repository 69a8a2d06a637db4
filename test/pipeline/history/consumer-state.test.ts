import { consumerStateOf } from '../../../pipeline/history/consumer-state.ts';
import { describeConsumerState } from '../../../pipeline/history/consumer-words.ts';
import type { StoryRow } from '../../../pipeline/history/story-rows.ts';

const at = (second: number) => new Date(Date.UTC(2026, 4, 1, 12, 0, second));
const iso = (second: number) => at(second).toISOString();

function row(type: StoryRow['type'], second: number, detail: object): StoryRow {
  const base = { schemaVersion: 1, id: 'i', secretArn: 'a', secretName: 's', versionId: 'v2' };
  return { type, at: at(second), detail: { ...base, ...detail } } as StoryRow;
}

const ofShop = { consumer: 'shop', promotedAt: iso(10) };
const promoted = (second: number, versionId = 'v2') => row('Secret Promoted', second, { versionId });
const converging = (second: number, more: object = {}) =>
  row('Consumer Converging', second, { ...ofShop, expectedAt: iso(40), ...more });
const lagging = (second: number, more: object = {}) =>
  row('Consumer Lagging', second, { ...ofShop, reason: 'no pg', expectedAt: iso(40), ...more });
const converged = (second: number, more: object = {}) =>
  row('Consumer Converged', second, {
    ...ofShop,
    evidence: 'bound',
    convergedAt: iso(40),
    convergenceMilliseconds: 30_000,
    ...more,
  });
const rolledBack = (second: number, restoredVersionId: string) =>
  row('Rotation Rolled Back', second, { restoredVersionId, code: 'CheckFailed', message: 'went back' });
const byHand = (second: number, versionId: string) =>
  row('Rotation Started', second, { versionId, path: 'promoted-by-hand', kind: 'jwt', startedBy: 'hand' });
/** Published at the promotion, before evidence had events of its own. */
const premature = (second: number) =>
  row('Consumer Converged', second, { consumer: 'shop', evidence: 'bound', convergenceMilliseconds: 30_000 });

/** Rows as the table has them, the newest first; what stands there at 12:00:20 and at 12:00:50. */
const stories: [name: string, story: StoryRow[], words: readonly [string, string]][] = [
  ['nothing', [], ['nothing published', 'nothing published']],
  ['a promotion alone', [promoted(10)], ['nothing published', 'nothing published']],
  [
    'on its way',
    [converging(11), promoted(10)],
    ['converging until 2026-05-01T12:00:40Z', 'evidence overdue since 2026-05-01T12:00:40Z'],
  ],
  [
    'a lag',
    [lagging(11), promoted(10)],
    ['lagging since 2026-05-01T12:00:11Z because no pg', 'lagging since 2026-05-01T12:00:11Z because no pg'],
  ],
  [
    'a lag while it was on its way',
    [lagging(15), converging(11)],
    ['lagging since 2026-05-01T12:00:15Z because no pg', 'lagging since'],
  ],
  [
    'a lag in the second of the forecast, in the other order',
    [converging(11), lagging(11)],
    ['lagging since', 'lagging since'],
  ],
  [
    'a lag that is published again',
    [lagging(18, { reason: 'still no pg' }), lagging(11)],
    ['lagging since 2026-05-01T12:00:11Z because still no pg', 'lagging since'],
  ],
  [
    'evidence',
    [converged(15, { convergedAt: iso(15), evidence: 'recycled' }), converging(11)],
    ['converged at 2026-05-01T12:00:15Z by recycle', 'converged at'],
  ],
  [
    'evidence after a lag',
    [converged(15, { convergedAt: iso(15) }), lagging(11)],
    ['converged at 2026-05-01T12:00:15Z by bound', 'converged at'],
  ],
  [
    'the same promotion propagated a second time, after the evidence',
    [converging(18), converged(15, { convergedAt: iso(15), evidence: 'tasks' })],
    ['converged at 2026-05-01T12:00:15Z by tasks', 'converged at'],
  ],
  [
    'the same version propagated anew',
    [converging(18, { promotedAt: iso(17) }), converged(15, { convergedAt: iso(15) })],
    ['converging until 2026-05-01T12:00:40Z', 'evidence overdue'],
  ],
  [
    'evidence of a moment that has not come',
    [converged(11)],
    ['converging until 2026-05-01T12:00:40Z', 'converged at 2026-05-01T12:00:40Z by bound'],
  ],
  [
    'an event of before, published at the promotion',
    [premature(11)],
    ['converging until 2026-05-01T12:00:41Z', 'converged at 2026-05-01T12:00:41Z by bound'],
  ],
  [
    'another version promoted since',
    [promoted(16, 'v3'), converged(15, { convergedAt: iso(15) })],
    ['nothing published', 'nothing published'],
  ],
  ['another version put by hand since', [byHand(16, 'v3'), converging(11)], ['nothing published', 'nothing published']],
  [
    'the version was restored, and is not propagated yet',
    [rolledBack(17, 'v2'), promoted(16, 'v3'), converged(12, { convergedAt: iso(12) })],
    ['nothing published', 'nothing published'],
  ],
  [
    'the version was restored and converges again',
    [converging(18, { promotedAt: iso(17) }), promoted(16, 'v3'), converged(12, { convergedAt: iso(12) })],
    ['converging until 2026-05-01T12:00:40Z', 'evidence overdue'],
  ],
  [
    'all of a roll-back in one second',
    [
      converging(16, { promotedAt: at(16).toISOString().replace('.000', '.700') }),
      promoted(16, 'v3'),
      rolledBack(16, 'v2'),
    ],
    ['converging until', 'evidence overdue'],
  ],
  [
    'evidence of a version that was rolled back',
    [converged(18, { versionId: 'v3', convergedAt: iso(18) }), rolledBack(17, 'v2')],
    ['nothing published', 'nothing published'],
  ],
  [
    'another consumer',
    [converged(15, { consumer: 'mail', convergedAt: iso(15) })],
    ['nothing published', 'nothing published'],
  ],
];

test.each(stories)('%s', (_, story, words) => {
  const said = [20, 50].map((second) =>
    describeConsumerState(consumerStateOf('shop', story, { versionId: 'v2', now: at(second) })),
  );
  expect(said).toEqual(words.map((word) => expect.stringContaining(word)));
});

test('whatever the rows, nothing is called converged before its evidence is in', () => {
  for (const [, story] of stories) {
    for (let second = 0; second < 60; second += 1) {
      const state = consumerStateOf('shop', story, { versionId: 'v2', now: at(second) });
      if (state.state === 'converged') expect(state.convergedAt.getTime()).toBeLessThanOrEqual(at(second).getTime());
    }
  }
});
