import type { HistoryEvent } from '@aws-sdk/client-sfn';

export interface StateEntered {
  readonly at: Date;
  readonly name: string;
}

/** The loop in which the workflow waits while Secrets Manager runs the four steps. */
const promotionLoop = new Set(['WaitForPromotion', 'DescribeRotation', 'RotateAgain']);

/** What a person waits for: states that do something. A loop is entered once. Pure. */
export function statesToShow(events: readonly HistoryEvent[], before?: string): StateEntered[] {
  const shown: StateEntered[] = [];
  let last = before;
  for (const { type, timestamp, stateEnteredEventDetails: entered } of events) {
    if (!entered?.name || !isWork(type, entered.name)) continue;
    const name = promotionLoop.has(entered.name) ? 'AwaitPromotion' : entered.name;
    if (name === last) continue;
    last = name;
    shown.push({ at: timestamp ?? new Date(0), name });
  }
  return shown;
}

function isWork(type: string | undefined, name: string): boolean {
  if (name.startsWith('Report')) return false;
  return type === 'TaskStateEntered' || type === 'MapStateEntered' || type === 'WaitStateEntered';
}

/** How an execution ended. */
export type Outcome =
  | { readonly status: 'SUCCEEDED'; readonly output: unknown }
  | { readonly status: 'FAILED' | 'TIMED_OUT' | 'ABORTED'; readonly error: string; readonly cause: string };

/** The end, where the history has it. Pure. */
export function outcomeOf(events: readonly HistoryEvent[]): Outcome | undefined {
  for (const event of events) {
    switch (event.type) {
      case 'ExecutionSucceeded':
        return { status: 'SUCCEEDED', output: JSON.parse(event.executionSucceededEventDetails?.output ?? 'null') };
      case 'ExecutionFailed':
        return unhappy('FAILED', event.executionFailedEventDetails);
      case 'ExecutionTimedOut':
        return unhappy('TIMED_OUT', event.executionTimedOutEventDetails);
      case 'ExecutionAborted':
        return unhappy('ABORTED', event.executionAbortedEventDetails);
    }
  }
  return undefined;
}

function unhappy(
  status: Exclude<Outcome['status'], 'SUCCEEDED'>,
  details: { error?: string; cause?: string } | undefined,
): Outcome {
  return { status, error: details?.error ?? status, cause: details?.cause ?? 'no cause was given' };
}
