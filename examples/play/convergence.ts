import { statesOfVersion } from '../../pipeline/history/consumer-state.ts';
import { describeConsumerState } from '../../pipeline/history/consumer-words.ts';
import type { StoryRow } from '../../pipeline/history/story-rows.ts';

/** How far the consumers of a rotation are, as the history has it at the moment of asking. Nothing is foretold. */
export type Convergence =
  | {
      readonly state: 'converged';
      /** From the promotion until the evidence of the slowest consumer. */
      readonly milliseconds: number;
    }
  /** `words`: of the consumer that is furthest behind. */
  | { readonly state: 'converging' | 'lagging'; readonly words: string }
  | { readonly state: 'unpublished' };

/** Pure. */
export function convergenceOf(story: readonly StoryRow[], versionId: string, now: Date): Convergence {
  const states = [...statesOfVersion(story, { versionId, now })];
  const lagging = states.find(([, { state }]) => state === 'lagging');
  if (lagging) return { state: 'lagging', words: `${lagging[0]} ${describeConsumerState(lagging[1])}` };
  const slowest = states
    .flatMap(([, state]) => (state.state === 'converging' ? [state] : []))
    .sort((left, right) => right.expectedAt.getTime() - left.expectedAt.getTime())[0];
  if (slowest) return { state: 'converging', words: describeConsumerState(slowest) };
  const times = story.flatMap(({ type, detail }) =>
    type === 'Consumer Converged' && detail.versionId === versionId ? [detail.convergenceMilliseconds] : [],
  );
  return times.length === 0 ? { state: 'unpublished' } : { state: 'converged', milliseconds: Math.max(...times) };
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
