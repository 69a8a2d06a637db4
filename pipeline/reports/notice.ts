import { oneLine } from '@keyturn/consumer/contracts/quote';
import * as v from 'valibot';
import { EVENT_SOURCE, type EventDetail, eventDetails, type noticedEvents } from '../contracts/events.ts';
import { parse } from '../contracts/parse.ts';
import { sentence } from './composed.ts';

/** What a person reads on a phone. */
export interface Notice {
  /** SNS takes up to 99 printable ASCII characters. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
  readonly subject: string;
  readonly message: string;
}

const LONGEST_SUBJECT = 99;
/** Enough for a reason; two text messages. */
const LONGEST_REASON = 280;
/** Looks come once an hour by then: the notice of a blocked retirement is sent again once a day. */
const LOOKS_A_DAY = 24;

const BusEvent = v.object({ source: v.string(), 'detail-type': v.string(), detail: v.unknown() });

const AlarmChange = v.object({
  alarmName: v.string(),
  state: v.object({ value: v.string(), reason: v.optional(v.string(), '') }),
  configuration: v.optional(v.object({ description: v.optional(v.string()) }), {}),
});

type Noticed = (typeof noticedEvents)[number];

const composers: { [Type in Noticed]: (detail: EventDetail<Type>) => Notice | undefined } = {
  'Rotation Failed': (detail) =>
    compose(detail.secretName, {
      what: 'rotation failed',
      why: detail.message,
      next: `keyturn history ${detail.secretName}`,
      section: 'RotationFailed',
    }),
  'Rotation Rolled Back': (detail) =>
    // A person who rolled back knows; what sends events may be anything.
    detail.code === 'RollBackRequested' && detail.startedBy !== 'event'
      ? undefined
      : compose(detail.secretName, {
          what: 'rolled back, the previous value is back',
          why: detail.message,
          next: `keyturn history ${detail.secretName}`,
          section: 'RotationRolledBack',
        }),
  'Retirement Blocked': (detail) =>
    isNews(detail)
      ? compose(detail.secretName, {
          what: whatBlocks(detail),
          why: detail.message,
          next: `keyturn doctor ${detail.secretName}`,
          section: 'RetirementBlocked',
        })
      : undefined,
  'Consumer Lagging': (detail) =>
    detail.isKnown
      ? undefined
      : compose(detail.secretName, {
          what: `${detail.consumer} is lagging`,
          why: `${sentence(detail.reason)}${detail.expectedAt ? ` It converges by its bound at ${detail.expectedAt}.` : ''}`,
          next: `keyturn doctor ${detail.secretName}`,
          section: 'ConsumerLagging',
        }),
  'Drift Found': (detail) =>
    compose(detail.secretName, {
      what: detail.code,
      why: detail.message,
      next: detail.repair ?? `keyturn doctor ${detail.secretName}`,
      section: detail.code === 'SecretOverdue' ? 'SecretOverdue' : 'DriftFound',
    }),
  'Check Failed': (detail) =>
    // In a rotation the notice of its end names every check that failed: one incident, one notice.
    detail.path === 'checks-only'
      ? compose(detail.secretName, {
          what: `check ${detail.check} failed (${detail.code})`,
          why: detail.message,
          next: `keyturn check ${detail.secretName}`,
          section: 'CheckFailed',
        })
      : undefined,
  'Check Inconclusive': (detail) =>
    // A retirement asks again and again: its own notice says what it waits for, once a day.
    detail.path === 'retirement'
      ? undefined
      : compose(detail.secretName, {
          what: `check ${detail.check} reached no verdict (${detail.code})`,
          why: `${sentence(detail.message)} ${consequenceOf(detail.path)}`,
          next: `keyturn check ${detail.secretName}`,
          section: 'CheckInconclusive',
        }),
};

/** What follows from a check that says nothing of the credential. */
function consequenceOf(path: string | undefined): string {
  if (path === 'checks-only') return 'Nothing was changed.';
  return 'Nothing was rolled back. Retirement asks the check again, and keeps the previous credential until it has a verdict.';
}

function whatBlocks({ blockers }: EventDetail<'Retirement Blocked'>): string {
  return blockers.length > 0 ? 'the previous credential is still in use' : 'the previous credential is not retired';
}

/**
 * The notice of an event, or undefined where no person has to act. Pure. Takes the pipeline's own
 * events and CloudWatch's about its alarms. Never a value: it says what events and alarm descriptions say, which hold none.
 */
export function composeNotice(input: unknown): Notice | undefined {
  const event = parse('The event', BusEvent, input);
  if (event.source === 'aws.cloudwatch') return composeAlarm(parse('The alarm', AlarmChange, event.detail));
  const type = event['detail-type'];
  if (event.source !== EVENT_SOURCE || !isNoticed(type)) return undefined;
  const detail = parse(`The detail of "${type}"`, eventDetails[type], event.detail);
  return (composers[type] as (detail: unknown) => Notice | undefined)(detail);
}

function isNoticed(type: string): type is Noticed {
  return Object.hasOwn(composers, type);
}

/** The first look, and then one a day; waiting for a known moment needs no notice. */
function isNews({ attempt = 1, blockers, message }: EventDetail<'Retirement Blocked'>): boolean {
  const isWaiting = blockers.length === 0 && /may be in use until/.test(message);
  return !isWaiting && attempt % LOOKS_A_DAY === 1;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html */
function composeAlarm({ alarmName, state, configuration }: v.InferOutput<typeof AlarmChange>): Notice | undefined {
  if (state.value !== 'ALARM') return undefined;
  const description = oneLine(configuration.description ?? state.reason);
  return {
    subject: subjectOf(`Keyturn alarm: ${alarmName}`),
    message: `${oneLine(alarmName)} rings.\n${shorten(description)}`,
  };
}

function compose(name: string, words: { what: string; why: string; next: string; section: string }): Notice {
  // The reason begins with the name where it is read without a subject.
  const why = words.why.startsWith(`${name}: `) ? words.why.slice(name.length + 2) : words.why;
  return {
    subject: subjectOf(`Keyturn: ${name}: ${words.what}`),
    message: [
      `${shorten(oneLine(name))}: ${words.what}.`,
      `Why: ${shorten(oneLine(why))}`,
      `Next: ${oneLine(words.next)}`,
      `Runbook: docs/operating.md#${words.section.toLowerCase()}`,
    ].join('\n'),
  };
}

function subjectOf(text: string): string {
  const ascii = oneLine(text).replace(/[^\x20-\x7e]/g, '?');
  return ascii.length <= LONGEST_SUBJECT ? ascii : `${ascii.slice(0, LONGEST_SUBJECT - 3)}...`;
}

function shorten(text: string): string {
  const characters = [...text];
  return characters.length <= LONGEST_REASON ? text : `${characters.slice(0, LONGEST_REASON - 1).join('')}…`;
}
