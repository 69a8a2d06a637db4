import { storyOf } from '../../../pipeline/audit/read-story.ts';

const at = (second: number) => new Date(Date.UTC(2026, 5, 1, 12, 0, second));
const promoted = (versionId: string, second: number) => ({ type: 'Secret Promoted', versionId, at: at(second) });
const byHand = (versionId: string, second: number) => ({
  type: 'Rotation Started',
  path: 'promoted-by-hand',
  versionId,
  at: at(second),
});

test('the newest row tells which version is believed to be current', () => {
  const rows = [byHand('v3', 9), promoted('v2', 5)];
  expect(storyOf(rows, 'v3')).toEqual({ believedVersionId: 'v3', promotedAt: at(9) });
  // Also when the labels say otherwise: then somebody was not told.
  expect(storyOf(rows, 'v4').believedVersionId).toBe('v3');
  expect(storyOf([promoted('v2', 5), promoted('v1', 1)], 'v1').believedVersionId).toBe('v2');
});

test.each([
  ['v3', [byHand('v3', 5), promoted('v2', 5)]],
  ['v3', [promoted('v2', 5), byHand('v3', 5)]],
])('of rows of one second the one that agrees with the label is the last (%s)', (current, rows) => {
  expect(storyOf(rows, current)).toEqual({ believedVersionId: 'v3', promotedAt: at(5) });
});

test('a roll-back and the promotion before it in one second, in either order', () => {
  const back = { type: 'Rotation Rolled Back', versionId: 'v2', restoredVersionId: 'v1', at: at(5) };
  for (const rows of [
    [back, promoted('v2', 5)],
    [promoted('v2', 5), back],
  ])
    expect(storyOf(rows, 'v1')).toEqual({ believedVersionId: 'v1', promotedAt: at(5) });
});

test('no row that tells: nothing is believed', () => {
  expect(storyOf([{ type: 'Check Failed', versionId: 'v1', at: at(1) }], 'v1')).toEqual({});
});
