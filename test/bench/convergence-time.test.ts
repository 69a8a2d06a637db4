import { type Answered, convergedAt } from '../../bench/convergence-time.ts';

const answer = (environmentId: string, holds: string | undefined, endedAt: number): Answered => ({
  environmentId,
  holds,
  endedAt,
});
const question = { version: 'new', environments: 2, promotedAt: 100 };

test('converged is when the last of so many environments first answered by the version', () => {
  const answers = [answer('a', 'old', 90), answer('a', 'new', 110), answer('a', 'new', 120), answer('b', 'new', 130)];
  expect(convergedAt(answers, question)).toBe(130);
});

test('a later answer by another version puts it off, whoever gave it', () => {
  const answers = [answer('a', 'new', 110), answer('b', 'new', 130), answer('c', 'old', 150), answer('a', 'new', 160)];
  expect(convergedAt(answers, question)).toBe(150);
});

test('it is not seen while an environment is missing; failed requests and answers before promotion tell nothing', () => {
  const answers = [answer('a', 'new', 110), answer('b', 'new', 99), answer('b', undefined, 120)];
  expect(convergedAt(answers, question)).toBeUndefined();
});
