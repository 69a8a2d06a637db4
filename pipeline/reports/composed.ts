import { createHash } from 'node:crypto';
import type { EventDetail, EventType, StartedBy } from '../contracts/events.ts';
import type { Metric } from '../contracts/metrics.ts';
import type { Report, ReportedPlan } from '../contracts/report.ts';

/** What one Report state publishes: events for the bus, metrics, and the words that the execution ends with. */
export interface ComposedReport {
  readonly events: ComposedEvent[];
  readonly metrics: Metric[];
  readonly outcome: { code: string; message: string };
}

export type ComposedEvent = {
  [Type in EventType]: { type: Type; id: string; detail: Omit<EventDetail<Type>, 'schemaVersion' | 'id'> };
}[EventType];

export type ReportOf<Name extends Report['report']> = Extract<Report, { report: Name }>;

/** The id of an event of a report; the parts distinguish its events. */
export type EventId = (...parts: string[]) => string;

/** Ids of what one execution says: the same report composed twice has the same ids. */
export function idsOf(report: Report): EventId {
  return (...parts) => hashOf(report.executionArn, report.report, ...parts);
}

export function hashOf(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}

export function composed(
  outcome: ComposedReport['outcome'],
  events: ComposedEvent[],
  metrics: Metric[] = [],
): ComposedReport {
  return { outcome, events, metrics };
}

export function count(name: Metric['name']): Metric {
  return { name, value: 1, unit: 'Count' };
}

/** The members that every event about a plan has. */
export function baseOf(plan: Pick<ReportedPlan, 'secretArn' | 'secretName' | 'versionId'>, executionArn: string) {
  return { secretArn: plan.secretArn, secretName: plan.secretName, versionId: plan.versionId, executionArn };
}

/** What was rotated, and who began. */
export function aboutOf(plan: Pick<ReportedPlan, 'kind' | 'startedBy'>) {
  return { kind: plan.kind, startedBy: plan.startedBy as StartedBy };
}

export function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}
