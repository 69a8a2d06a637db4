import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { StatesLaptop } from '../packages/laptop/services/states/laptop.ts';
import { definitionText } from './definitions.ts';

const { JudgePromotion } = JSON.parse(definitionText('rotate-secret')).States;
const refused = { code: 'StepRefused', cause: 'Secret version candidate is not set as AWSPENDING' };
const locked = { code: 'TargetRefused', cause: 'The login may not change its password' };

let laptop: StatesLaptop;
beforeAll(async () => {
  laptop = await StatesLaptop.start();
});
afterAll(() => laptop?.cloud.close());

/** What is known of a candidate that is under way, and that nothing has happened to. */
const waiting = {
  plan: { promotionTimeoutSeconds: 300 },
  stages: ['AWSPENDING', 'KEYTURN_IN_FLIGHT'],
  rotateError: null,
  permanentFailure: null,
  failure: null,
  deadlineMilliseconds: Date.parse('2100-01-01T00:00:00Z'),
};

/** Runs the deployed state alone; answers the state that comes after it, and the failure that is told. */
async function judge(known: Partial<Record<keyof typeof waiting, unknown>>): Promise<[next: string, code: unknown]> {
  const nextStates = [...JudgePromotion.Choices.map(({ Next }: { Next: string }) => Next), JudgePromotion.Default];
  const ends = nextStates.map((name) => [name, { Type: 'Succeed', Output: `{% ['${name}', $failure.code] %}` }]);
  const before = { Type: 'Pass', Assign: { ...waiting, ...known }, Next: 'JudgePromotion' };
  const execution = await laptop.run({ Before: before, JudgePromotion, ...Object.fromEntries(ends) });
  expect(execution.status).toBe('SUCCEEDED');
  const [next, code] = [JSON.parse(execution.output as string)].flat();
  return [next, code];
}

test.each([
  ['a candidate that is under way is waited for', {}, ['WaitForPromotion', undefined]],
  ['a promoted one is reported', { stages: ['AWSCURRENT'], permanentFailure: locked }, ['ReportPromoted', undefined]],
  [
    'a rotation that Secrets Manager did not begin is refused',
    { stages: [], rotateError: { code: 'X', cause: 'A previous rotation is not complete' } },
    ['ReportFailure', 'RotationInProgress'],
  ],
  ['what fails for good is given up with its reason', { permanentFailure: locked }, ['Abandon', 'TargetRefused']],
  [
    'so is what fails for good while somebody takes AWSPENDING away',
    { permanentFailure: locked, stages: [] },
    ['Abandon', 'TargetRefused'],
  ],
  ['who takes AWSPENDING away ends it', { stages: [] }, ['Abandon', 'RotationAbandoned']],
  [
    'also where the step that came after it is heard of first: its refusal is not the reason',
    { stages: [], permanentFailure: refused },
    ['Abandon', 'RotationAbandoned'],
  ],
  [
    'a step that is refused for another reason is the reason',
    { permanentFailure: refused },
    ['Abandon', 'StepRefused'],
  ],
  [
    'what is overdue is given up',
    { deadlineMilliseconds: Date.parse('2020-01-01T00:00:00Z') },
    ['Abandon', 'PromotionOverdue'],
  ],
] as const)('%s', async (_, known, expected) => {
  expect(await judge(known)).toEqual(expected);
});
