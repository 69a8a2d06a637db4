import type { Evidence } from '../contracts/events.ts';
import type { ConsumerState } from './consumer-state.ts';

const means: Readonly<Record<Evidence, string>> = {
  bound: 'bound',
  recycled: 'recycle',
  tasks: 'tasks',
  copied: 'copy',
};

/** A consumer's state in the words that the command line, the dashboard and the audit share. */
export function describeConsumerState(state: ConsumerState): string {
  switch (state.state) {
    case 'converging':
      return state.isOverdue
        ? `evidence overdue since ${instant(state.expectedAt)}`
        : `converging until ${instant(state.expectedAt)}`;
    case 'converged':
      return `converged at ${instant(state.convergedAt)} by ${means[state.evidence]}`;
    case 'lagging':
      return `lagging since ${instant(state.since)} because ${state.reason}`;
    case 'unpublished':
      return 'nothing published for this version';
  }
}

/** `2026-05-01T12:34:56Z` */
export function instant(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
