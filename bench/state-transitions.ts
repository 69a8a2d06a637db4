import type { HistoryEvent } from '@aws-sdk/client-sfn';

/**
 * What AWS bills of one Standard execution: "a state transition each time a step of your workflow is executed", and each
 * retry as another one. https://aws.amazon.com/step-functions/pricing/ Iterations of an inline Map are none by themselves.
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-transitions.html
 */
export function countStateTransitions(history: readonly Pick<HistoryEvent, 'type'>[]): number {
  const count = (isMeant: (type: string) => boolean) => history.filter(({ type = '' }) => isMeant(type)).length;
  const entered = count((type) => type.endsWith('StateEntered'));
  const tasks = count((type) => type === 'TaskStateEntered');
  const attempts = count((type) => type === 'TaskScheduled');
  // A Task that is entered is scheduled once, and once more for each retry; one whose arguments fail is not scheduled.
  return entered + Math.max(0, attempts - tasks);
}
