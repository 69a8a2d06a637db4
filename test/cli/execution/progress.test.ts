import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { outcomeOf, statesToShow } from '../../../cli/execution/progress.ts';
import { inStoryOrder, placeOf } from '../../../cli/execution/story-order.ts';

const at = new Date('2026-11-24T12:00:00Z');
const entered = (type: string, name: string) =>
  ({ type, timestamp: at, stateEnteredEventDetails: { name } }) as HistoryEvent;

test('the loop that waits for the promotion is told once, choices and reports not at all', () => {
  const events = [
    entered('TaskStateEntered', 'Prepare'),
    entered('ChoiceStateEntered', 'ChoosePath'),
    entered('TaskStateEntered', 'ReportStarted'),
    entered('TaskStateEntered', 'RotateSecret'),
    entered('WaitStateEntered', 'WaitForPromotion'),
    entered('TaskStateEntered', 'DescribeRotation'),
    entered('TaskStateEntered', 'RotateAgain'),
    entered('WaitStateEntered', 'WaitForPromotion'),
  ];
  expect(statesToShow(events).map(({ name }) => name)).toEqual(['Prepare', 'RotateSecret', 'AwaitPromotion']);
  expect(statesToShow(events.slice(4), 'AwaitPromotion')).toEqual([]);
});

test.each<[string, Partial<HistoryEvent>, object]>([
  [
    'ExecutionSucceeded',
    { executionSucceededEventDetails: { output: '{"outcome":"succeeded"}' } },
    { status: 'SUCCEEDED', output: { outcome: 'succeeded' } },
  ],
  [
    'ExecutionFailed',
    { executionFailedEventDetails: { error: 'E', cause: 'c' } },
    { status: 'FAILED', error: 'E', cause: 'c' },
  ],
  ['ExecutionTimedOut', {}, { status: 'TIMED_OUT', error: 'TIMED_OUT' }],
  ['ExecutionAborted', { executionAbortedEventDetails: { error: 'E' } }, { status: 'ABORTED', error: 'E' }],
])('%s is an end', (type, details, outcome) => {
  expect(outcomeOf([{ type, ...details } as HistoryEvent])).toMatchObject(outcome);
});

test('without an end there is no outcome', () => {
  expect(outcomeOf([entered('TaskStateEntered', 'Prepare')])).toBeUndefined();
});

test('within a second, things are told in the order of a rotation, steps and states together', () => {
  const entries = ['Secret Promoted', 'Propagate', 'testSecret', 'createSecret', 'AwaitPromotion', 'Prepare'];
  const told = inStoryOrder(entries.map((place) => ({ at, place })));
  expect(told.map(({ place }) => place)).toEqual(
    [...entries].reverse().sort((a, b) => order.indexOf(a) - order.indexOf(b)),
  );
  const later = { at: new Date(at.getTime() + 1_000), place: 'Prepare' };
  expect(inStoryOrder([later, { at, place: 'Secret Promoted' }])[1]).toBe(later);
});
const order = ['Prepare', 'AwaitPromotion', 'createSecret', 'testSecret', 'Secret Promoted', 'Propagate'];

test('a step stands in its own place', () => {
  expect(placeOf({ type: 'Rotation Step Succeeded', detail: { step: 'setSecret' } })).toBe('setSecret');
  expect(placeOf({ type: 'Secret Promoted', detail: {} })).toBe('Secret Promoted');
});
