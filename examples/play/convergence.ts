import { statesOfVersion } from '../../pipeline/history/consumer-state.ts';
import { describeConsumerState } from '../../pipeline/history/consumer-words.ts';
import type { StoryRow } from '../../pipeline/history/story-rows.ts';

/** How far the consumers of a rotation are, as the history has it at the moment of asking. Nothing is predicted. */
export type Convergence =
  | {
      readonly state: 'converged';
      /** From the promotion until the evidence of the slowest consumer. */
      readonly milliseconds: number;
    }
  /** `words`: of the consumer that is furthest behind. */
  | { readonly state: 'converging' | 'lagging'; readonly words: string }
  | { readonly state: 'unpublished' };

/** After the rotation's own promotion: a roll-back may promote its version once more. Pure. */
export function convergenceOf(story: readonly StoryRow[], versionId: string, now: Date): Convergence {
  const ofPromotion = firstPromotion(story, versionId);
  const states = [...statesOfVersion(ofPromotion, { versionId, now })];
  const lagging = states.find(([, { state }]) => state === 'lagging');
  if (lagging) return { state: 'lagging', words: `${lagging[0]} ${describeConsumerState(lagging[1])}` };
  const slowest = states
    .flatMap(([, state]) => (state.state === 'converging' ? [state] : []))
    .sort((left, right) => right.expectedAt.getTime() - left.expectedAt.getTime())[0];
  if (slowest) return { state: 'converging', words: describeConsumerState(slowest) };
  const times = ofPromotion.flatMap(({ type, detail }) =>
    type === 'Consumer Converged' ? [detail.convergenceMilliseconds] : [],
  );
  return times.length === 0 ? { state: 'unpublished' } : { state: 'converged', milliseconds: Math.max(...times) };
}

/** What was published of the consumers after the first promotion of a version. */
function firstPromotion(story: readonly StoryRow[], versionId: string): StoryRow[] {
  const ofVersion = story.filter(({ detail }) => 'versionId' in detail && detail.versionId === versionId);
  const promotedAt = (row: StoryRow) => ('promotedAt' in row.detail ? row.detail.promotedAt : undefined);
  const [first] = ofVersion.flatMap((row) => promotedAt(row) ?? []).sort();
  return ofVersion.filter((row) => promotedAt(row) === first);
}

/** `16.3 s`, `converging until 2026-05-01T12:34:56Z`, `items lagging since … because …` */
export function describeConvergence(convergence: Convergence): string {
  switch (convergence.state) {
    case 'converged':
      return `${(convergence.milliseconds / 1000).toFixed(1)} s`;
    case 'unpublished':
      return 'nothing published';
    default:
      return convergence.words;
  }
}
