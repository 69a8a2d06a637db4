import type { HistoryEvent } from '../services/states/state.ts';
import { START } from './graph/machine-graph.ts';

/** How far a state of an execution is; `caught` failed and went on through a catcher. */
export type StateStatus = 'in-progress' | 'succeeded' | 'caught' | 'failed' | 'aborted';

export interface StateProgress {
  readonly name: string;
  readonly status: StateStatus;
  /** How often it was entered: loops and Map items. */
  readonly visits: number;
  readonly enteredAt: Date;
  readonly leftAt?: Date;
}

/** A way that an execution took from one state to the next; a machine, and each graph inside a state, begins at START. */
export interface Transition {
  readonly from: string;
  readonly to: string;
}

export interface Progress {
  /** In the order of the first visit. */
  readonly states: readonly StateProgress[];
  readonly transitions: readonly Transition[];
}

interface Visit {
  readonly name: string;
  readonly enteredAt: Date;
  leftAt?: Date;
  status: StateStatus;
}

const FAILURE = /(Failed|TimedOut)$/;
const END: Readonly<Record<string, StateStatus>> = {
  ExecutionFailed: 'failed',
  ExecutionTimedOut: 'failed',
  ExecutionAborted: 'aborted',
};

/**
 * What a history says of each state that was entered, and of the ways between them. An event belongs to the visit that
 * the event before it belongs to; `previousEventId` keeps branches apart.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
 */
export function progressOf(history: readonly HistoryEvent[]): Progress {
  const visitOf = new Map<number, Visit>();
  const visits: Visit[] = [];
  const transitions = new Map<string, Transition>();
  for (const event of history) {
    const entered = event.type.endsWith('StateEntered') ? nameIn(event, 'stateEnteredEventDetails') : undefined;
    if (entered !== undefined) {
      const visit: Visit = { name: entered, enteredAt: event.timestamp, status: 'in-progress' };
      const before = visitOf.get(event.previousEventId);
      const from = before?.leftAt ? before.name : START;
      transitions.set(JSON.stringify([from, entered]), { from, to: entered });
      visits.push(visit);
      visitOf.set(event.id, visit);
      continue;
    }
    const exited = event.type.endsWith('StateExited') ? nameIn(event, 'stateExitedEventDetails') : undefined;
    const visit = visitOf.get(event.previousEventId);
    // The end of a Map or Parallel follows the last event of one of its branches.
    const own = exited === undefined ? visit : (lastOpen(visits, exited) ?? visit);
    if (own) visitOf.set(event.id, own);
    if (exited !== undefined && own) leave(own, event);
    else if (own && own.leftAt === undefined) noteFailure(own, event);
    const end = END[event.type];
    if (end) for (const open of visits.filter((one) => one.leftAt === undefined)) close(open, event, end);
  }
  return { states: summarize(visits), transitions: [...transitions.values()] };
}

function nameIn(event: HistoryEvent, details: string): string | undefined {
  const found = event[details] as { name?: string } | undefined;
  return found?.name;
}

function lastOpen(visits: readonly Visit[], name: string): Visit | undefined {
  return visits.findLast((visit) => visit.name === name && visit.leftAt === undefined);
}

function noteFailure(visit: Visit, event: HistoryEvent): void {
  if (FAILURE.test(event.type)) visit.status = 'failed';
  // A retry is under way.
  else if (visit.status === 'failed') visit.status = 'in-progress';
}

function leave(visit: Visit, event: HistoryEvent): void {
  close(visit, event, visit.status === 'failed' ? 'caught' : 'succeeded');
}

function close(visit: Visit, event: HistoryEvent, status: StateStatus): void {
  visit.status = status;
  visit.leftAt = event.timestamp;
}

/** Visits at work speak before those that ended; else the last one does. */
function summarize(visits: readonly Visit[]): StateProgress[] {
  const byName = new Map<string, Visit[]>();
  for (const visit of visits) byName.set(visit.name, [...(byName.get(visit.name) ?? []), visit]);
  return [...byName].map(([name, all]) => {
    const speaker = (all.find((one) => one.leftAt === undefined) ?? all.at(-1)) as Visit;
    const { enteredAt, leftAt, status } = speaker;
    return { name, status, visits: all.length, enteredAt, ...(leftAt && { leftAt }) };
  });
}
