import * as v from 'valibot';
import { eventDetails } from '../../pipeline/contracts/events.ts';
import { describeConsumerState, instant } from '../../pipeline/history/consumer-words.ts';
import type { StoryEvent } from '../aws/read-history.ts';
import { duration } from '../terminal/times.ts';

export interface DescribedEvent {
  readonly what: string;
  readonly mood: 'good' | 'bad' | 'plain';
}

/** An event of the story in words. Pure; what an event lacks is left out. */
export function describeEvent(event: StoryEvent): DescribedEvent {
  const { type, detail } = event;
  const text = (name: string) => (typeof detail[name] === 'string' ? (detail[name] as string) : '');
  const time = (name: string) => (typeof detail[name] === 'number' ? ` in ${duration(detail[name] as number)}` : '');
  const good = (what: string): DescribedEvent => ({ what, mood: 'good' });
  const bad = (what: string): DescribedEvent => ({ what, mood: 'bad' });
  switch (type) {
    case 'Rotation Started':
      return { what: `started by ${text('startedBy')} (${text('path')})`, mood: 'plain' };
    case 'Rotation Step Succeeded':
      return { what: `${text('step')} done${time('durationMilliseconds')}`, mood: 'plain' };
    case 'Rotation Step Failed':
      return bad(`${text('step')} failed: ${text('code')} ${text('message')}`);
    case 'Secret Promoted':
      return { what: `version ${text('versionId')} is AWSCURRENT`, mood: 'plain' };
    case 'Consumer Converging':
    case 'Consumer Converged':
      return { what: `${text('consumer')} ${consumerWords(event)}`, mood: 'plain' };
    case 'Consumer Lagging':
      return bad(`${text('consumer')} ${consumerWords(event)}`);
    case 'Check Passed':
      return { what: `check ${text('check')} passed${time('durationMilliseconds')}`, mood: 'plain' };
    case 'Check Failed':
      return bad(`check ${text('check')} failed: ${text('code')} ${text('message')}`);
    case 'Check Inconclusive':
      return bad(`check ${text('check')} reached no verdict: ${text('code')} ${text('message')}`);
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

/** What the event says of the consumer; how it is now is `status`'s to say. */
function consumerWords({ type, at, detail }: StoryEvent): string {
  switch (type) {
    case 'Consumer Converging': {
      const event = v.safeParse(eventDetails[type], detail);
      if (!event.success) return 'converging';
      return describeConsumerState({
        state: 'converging',
        expectedAt: new Date(event.output.expectedAt),
        isOverdue: false,
      });
    }
    case 'Consumer Converged': {
      const event = v.safeParse(eventDetails[type], detail);
      if (!event.success) return 'converged';
      const { convergedAt, convergenceMilliseconds, evidence } = event.output;
      // Events of before were published at the promotion: a forecast.
      if (convergedAt === undefined) {
        return `converging until ${instant(new Date(at.getTime() + convergenceMilliseconds))}`;
      }
      return describeConsumerState({ state: 'converged', convergedAt: new Date(convergedAt), evidence });
    }
    default: {
      const reason = typeof detail.reason === 'string' ? detail.reason : 'of an unknown reason';
      return describeConsumerState({ state: 'lagging', since: at, reason });
    }
  }
}
