import { countStateTransitions } from '../../bench/state-transitions.ts';

const history = (...types: string[]) => types.map((type) => ({ type: type as never }));

test('every state that is entered is a transition, iterations of a Map by themselves are none', () => {
  const events = history(
    'ExecutionStarted',
    'MapStateEntered',
    'MapStateStarted',
    'MapIterationStarted',
    'PassStateEntered',
    'PassStateExited',
    'MapIterationSucceeded',
    'MapStateSucceeded',
    'MapStateExited',
    'SucceedStateEntered',
    'SucceedStateExited',
    'ExecutionSucceeded',
  );
  expect(countStateTransitions(events)).toBe(3);
});

test('each retry of a Task is one more', () => {
  const attempt = ['TaskScheduled', 'TaskStarted', 'TaskFailed'];
  const events = history('TaskStateEntered', ...attempt, ...attempt, 'TaskScheduled', 'TaskSucceeded');
  expect(countStateTransitions(events)).toBe(3);
});

test('a Task that fails before it is scheduled counts once, and takes nothing from others', () => {
  const failed = history('TaskStateEntered', 'EvaluationFailed', 'FailStateEntered');
  expect(countStateTransitions(failed)).toBe(2);
});
