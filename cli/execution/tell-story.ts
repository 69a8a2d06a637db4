import type { StoryEvent } from '../aws/read-history.ts';
import { duration } from '../terminal/times.ts';

export interface ToldEvent {
  readonly what: string;
  readonly mood: 'good' | 'bad' | 'plain';
}

/** An event of the story in words. Pure; what an event lacks is left out. */
export function tellEvent({ type, detail }: StoryEvent): ToldEvent {
  const text = (name: string) => (typeof detail[name] === 'string' ? (detail[name] as string) : '');
  const time = (name: string) => (typeof detail[name] === 'number' ? ` in ${duration(detail[name] as number)}` : '');
  const good = (what: string): ToldEvent => ({ what, mood: 'good' });
  const bad = (what: string): ToldEvent => ({ what, mood: 'bad' });
  switch (type) {
    case 'Rotation Started':
      return { what: `started by ${text('startedBy')} (${text('path')})`, mood: 'plain' };
    case 'Rotation Step Succeeded':
      return { what: `${text('step')} done${time('durationMilliseconds')}`, mood: 'plain' };
    case 'Rotation Step Failed':
      return bad(`${text('step')} failed: ${text('code')} ${text('message')}`);
    case 'Secret Promoted':
      return { what: `version ${text('versionId')} is AWSCURRENT`, mood: 'plain' };
    case 'Consumer Converged':
      return { what: `${text('consumer')} has converged: ${text('evidence')}`, mood: 'plain' };
    case 'Consumer Lagging':
      return bad(`${text('consumer')} lags: ${text('reason')}`);
    case 'Check Passed':
      return { what: `check ${text('check')} passed${time('durationMilliseconds')}`, mood: 'plain' };
    case 'Check Failed':
      return bad(`check ${text('check')} failed: ${text('code')} ${text('message')}`);
    case 'Rotation Succeeded':
      return good(`rotated${time('durationMilliseconds')}`);
    case 'Rotation Failed':
    case 'Rotation Rolled Back':
    case 'Retirement Blocked':
    case 'Drift Found':
      return bad(`${text('code')} ${text('message')}`.trim());
    case 'Credential Retired':
      return good(`version ${text('retiredVersionId')} retired: ${text('observed')}`);
    default:
      return { what: text('message'), mood: 'plain' };
  }
}
