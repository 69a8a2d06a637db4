import { AWSCURRENT } from '../contracts/labels.ts';
import type { ConsumerState } from '../history/consumer-state.ts';
import { describeConsumerState, instant } from '../history/consumer-words.ts';
import { finding, type Rule, SETTLING_MILLISECONDS } from './finding.ts';

/**
 * Consumers that are not on the current version, or of which it is not known.
 * 1. A lag was published: it lasts until the evidence is in. The pipeline tries the way again when asked to.
 * 2. The evidence is late by more than an event's delivery takes: the execution that waits for it was stopped.
 * Mirrors are compared with the secret itself: `findMirrors`.
 */
export const findConsumers: Rule = (observed, now) => {
  const versionId = observed.secret.versionWith(AWSCURRENT);
  if (!versionId || observed.isRotating) return [];
  const repair = { action: 'propagate', versionId } as const;
  return observed.consumers.flatMap(({ name, state }) => {
    const said = `consumer ${name} is ${describeConsumerState(state)}.`;
    if (state.state === 'lagging') {
      const message = `${said} ${untilWhen(state)} Correct what the reason names; the repair then notifies or recycles it again.`;
      return [finding(observed, 'ConsumerLagging', message, { repair, isSafe: true }, versionId)];
    }
    if (state.state !== 'converging' || now.getTime() - state.expectedAt.getTime() < SETTLING_MILLISECONDS) return [];
    const message = `consumer ${name}: ${describeConsumerState(state)}, and nothing was published. The repair notifies or recycles it again and waits anew.`;
    return [finding(observed, 'ConvergenceOverdue', message, { repair, isSafe: true }, versionId)];
  });
};

function untilWhen({ expectedAt }: Extract<ConsumerState, { state: 'lagging' }>): string {
  return expectedAt
    ? `Its bound is the evidence at ${instant(expectedAt)}; until then it may use the previous value.`
    : 'Until there is evidence it may use the previous value.';
}
