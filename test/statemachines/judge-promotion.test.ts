import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { StatesLaptop } from '../packages/laptop/services/states/laptop.ts';
import { definitionText } from './definitions.ts';

const { JudgePromotion } = JSON.parse(definitionText('rotate-secret')).States;

let laptop: StatesLaptop;
beforeAll(async () => {
  laptop = await StatesLaptop.start();
});
afterAll(() => laptop?.cloud.close());

/** What is known of a candidate that is under way, and that nothing has happened to. */
const waiting = {
  plan: { promotionTimeoutSeconds: 300, previousVersionId: 'previous' },
  stages: ['AWSPENDING', 'KEYTURN_IN_FLIGHT'],
  currentVersionId: 'previous',
  replacedVersionId: null,
  rotateError: null,
  failure: null,
  askAgainMilliseconds: Date.parse('2100-01-01T00:00:00Z'),
  deadlineMilliseconds: Date.parse('2100-01-01T00:00:00Z'),
};

/** Runs the deployed state alone; answers the state that comes after it, and the failure that is told. */
async function judge(
  known: Partial<Record<keyof typeof waiting, unknown>>,
): Promise<[next: string, code: unknown, cause: unknown]> {
  const nextStates = [...JudgePromotion.Choices.map(({ Next }: { Next: string }) => Next), JudgePromotion.Default];
  const ends = nextStates.map((name) => [
    name,
    { Type: 'Succeed', Output: `{% ['${name}', $failure.code, $failure.cause] %}` },
  ]);
  const before = { Type: 'Pass', Assign: { ...waiting, ...known }, Next: 'JudgePromotion' };
  const execution = await laptop.run({ Before: before, JudgePromotion, ...Object.fromEntries(ends) });
  expect(execution.status).toBe('SUCCEEDED');
  const [next, code, cause] = [JSON.parse(execution.output as string)].flat();
  return [next, code, cause];
}

test.each([
  ['a candidate that is under way is waited for', {}, ['WaitForPromotion', undefined], /^undefined$/],
  [
    'a promoted one is reported',
    { stages: ['AWSCURRENT'], currentVersionId: 'candidate' },
    ['ReportPromoted', undefined],
    /^undefined$/,
  ],
  [
    'a rotation that Secrets Manager did not begin is refused',
    { stages: [], rotateError: { code: 'X', cause: 'A previous rotation is not complete' } },
    ['ReportFailure', 'RotationInProgress'],
    /left unfinished/,
  ],
  [
    'a candidate that lost AWSPENDING while AWSCURRENT stayed failed for good: its function took the label away',
    { stages: ['KEYTURN_IN_FLIGHT'] },
    ['Abandon', 'RotationAbandoned'],
    /a step of the rotation failed for good.*AWSCURRENT has not moved/,
  ],
  [
    'a value that another writer put ends it, and is theirs',
    { stages: [], currentVersionId: 'theirs' },
    ['Abandon', 'RotationAbandoned'],
    /another writer put a value/,
  ],
  [
    'what is overdue is given up',
    { deadlineMilliseconds: Date.parse('2020-01-01T00:00:00Z') },
    ['Abandon', 'PromotionOverdue'],
    /within 300 seconds/,
  ],
  [
    'from time to time Secrets Manager is asked again',
    { askAgainMilliseconds: Date.parse('2020-01-01T00:00:00Z') },
    ['RotateAgain', undefined],
    /^undefined$/,
  ],
] as const)('%s', async (_, known, expected, cause) => {
  const [next, code, told] = await judge(known);
  expect([next, code]).toEqual(expected);
  expect(String(told)).toMatch(cause);
});
