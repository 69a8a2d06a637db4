import { quote } from '@keyturn/consumer/contracts/quote';
import type { Change } from '../contracts/report.ts';
import { type ComposedEvent, type ComposedReport, composed, count, hashOf, type ReportOf } from './composed.ts';
import { explainCause } from './failure.ts';

/** How one consumer or mirror stands after a promotion. */
type State = 'converging' | 'converged' | 'lagging';

/** Ids of events that were published before: a lag among them is not counted again. */
interface Known {
  readonly publishedIds?: ReadonlySet<string>;
}

/** Consumers are on their way or lag, and mirrors are in step or lag: a propagation proves nothing of a consumer. */
export function composePropagated(
  report: ReportOf<'propagated'>,
  { now, ...known }: Known & { now: Date },
): ComposedReport {
  const { change } = report;
  const base = baseOfChange(change, report.executionArn);
  const consumers = report.consumers.map((one): ComposedEvent => {
    if (one.state === 'lagging') return laggingEvent(report, one.consumer, { ...one, ...known });
    const detail = { ...base, consumer: one.consumer, expectedAt: one.expectedAt };
    return { type: 'Consumer Converging', id: stateId(change, one.consumer, 'converging'), detail };
  });
  const mirrors = report.mirrors.map((one): ComposedEvent => {
    if (one.state === 'lagging') return laggingEvent(report, one.mirror, { ...one, ...known });
    const convergedAt = now.toISOString();
    const convergenceMilliseconds = millisecondsSince(change, convergedAt);
    const detail = { ...base, consumer: one.mirror, evidence: 'copied' as const, convergedAt, convergenceMilliseconds };
    return { type: 'Consumer Converged', id: stateId(change, one.mirror, 'converged'), detail };
  });
  const events = [...consumers, ...mirrors];
  return composed({ code: 'Propagated', message: '' }, events, countLagging(events));
}

/** The evidence of consumers is in. */
export function composeConverged(report: ReportOf<'converged'>): ComposedReport {
  const { change } = report;
  const base = baseOfChange(change, report.executionArn);
  const events = report.consumers.map((one) => ({
    type: 'Consumer Converged' as const,
    id: stateId(change, one.consumer, 'converged'),
    detail: {
      ...base,
      consumer: one.consumer,
      evidence: one.evidence,
      convergedAt: one.convergedAt,
      convergenceMilliseconds: millisecondsSince(change, one.convergedAt),
    },
  }));
  const metrics = events.map(({ detail }) => ({
    name: 'ConvergenceDuration' as const,
    value: detail.convergenceMilliseconds,
    unit: 'Milliseconds' as const,
  }));
  return composed({ code: 'Converged', message: '' }, events, metrics);
}

/** Consumers whose evidence should be in and is not. */
export function composeLagging(report: ReportOf<'lagging'>, known: Known): ComposedReport {
  const events = report.consumers.map((one) => laggingEvent(report, one.consumer, { ...one, ...known }));
  return composed({ code: 'Lagging', message: '' }, events, countLagging(events));
}

function laggingEvent(
  { change, executionArn }: ReportOf<'propagated' | 'lagging'>,
  consumer: string,
  lag: Known & { reason: string; expectedAt?: string | null },
): ComposedEvent {
  const id = stateId(change, consumer, 'lagging');
  const detail = {
    ...baseOfChange(change, executionArn),
    consumer,
    reason: quote(explainCause(lag.reason), []),
    ...(lag.expectedAt && { expectedAt: lag.expectedAt }),
    ...(lag.publishedIds?.has(id) && { isKnown: true }),
  };
  return { type: 'Consumer Lagging', id, detail };
}

/** One incident rings once: a retirement that waits for a mirror propagates to it again and again. */
function countLagging(events: readonly ComposedEvent[]) {
  const fresh = events.filter((event) => event.type === 'Consumer Lagging' && !event.detail.isKnown);
  return fresh.map(() => count('ConsumerLagging'));
}

/**
 * Not of the execution: a state that is reported a second time is the same event. Of the promotion, since a version that is
 * current again after a roll-back converges again.
 */
function stateId({ secretArn, versionId, promotedAt }: Change, consumer: string, state: State): string {
  return hashOf('consumer', secretArn, versionId, new Date(promotedAt).toISOString(), consumer, state);
}

function baseOfChange({ secretArn, secretName, versionId, promotedAt }: Change, executionArn: string) {
  return { secretArn, secretName, versionId, executionArn, promotedAt };
}

function millisecondsSince({ promotedAt }: Change, convergedAt: string): number {
  return Math.max(0, Date.parse(convergedAt) - Date.parse(promotedAt));
}
