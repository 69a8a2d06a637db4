import { awaitActivation } from '../../../../pipeline/rotators/api-key/activation.ts';
import type { Verdict } from '../../../../pipeline/rotators/api-key/provider.ts';

const accepted: Verdict = { verdict: 'accepted' };
const refused: Verdict = { verdict: 'refused', reason: 'it answered 401' };
const unclear: Verdict = { verdict: 'unclear', reason: 'it answered 500' };

/** Waits on a vendor whose word at each moment is given; answers what came of it and when. */
async function wait(word: (second: number) => Verdict, options: { timeoutSeconds?: number; inARow?: number } = {}) {
  let now = 0;
  const asked: number[] = [];
  const outcome = await awaitActivation(
    async () => {
      asked.push(now / 1000);
      return word(now / 1000);
    },
    {
      what: 'app/key: the new key',
      consecutiveAcceptances: options.inARow ?? 1,
      timeoutSeconds: options.timeoutSeconds ?? 30,
      now: () => new Date(now),
      sleep: async (milliseconds) => {
        now += milliseconds;
      },
    },
  ).then(
    () => 'works',
    (error: Error & { code: string; retryable: boolean }) => `${error.code}${error.retryable ? ', retryable' : ''}`,
  );
  return { outcome, asked, seconds: now / 1000 };
}

test('a key that works at once is not waited for', async () => {
  expect(await wait(() => accepted, { inARow: 3 })).toEqual({ outcome: 'works', asked: [0, 0, 0], seconds: 0 });
});

test('one that works later is asked about ever more rarely', async () => {
  const { outcome, asked } = await wait((second) => (second < 12 ? refused : accepted));
  expect(outcome).toBe('works');
  expect(asked).toEqual([0, 0.25, 0.75, 1.75, 3.75, 7.75, 11.75, 15.75]);
});

test('at the bound it is asked once more, then left to Secrets Manager’s further attempts', async () => {
  const { outcome, seconds, asked } = await wait(() => refused);
  expect({ outcome, seconds, last: asked.at(-1) }).toEqual({
    outcome: 'CandidateRejected, retryable',
    seconds: 30,
    last: 30,
  });
  expect((await wait((second) => (second < 30 ? refused : accepted))).outcome).toBe('works');
});

test('a refusal begins the row anew', async () => {
  const words = [accepted, accepted, refused, accepted, accepted, accepted];
  const { outcome, asked } = await wait(() => words.shift() ?? unclear, { inARow: 3 });
  expect({ outcome, times: asked.length }).toEqual({ outcome: 'works', times: 6 });
});

test('no answer to the last is no verdict', async () => {
  expect((await wait(() => unclear)).outcome).toBe('TargetUnavailable, retryable');
});

test('a bound beyond one invocation is left to the next, which may find it working', async () => {
  const { outcome, seconds } = await wait(() => refused, { timeoutSeconds: 300 });
  expect({ outcome, seconds }).toEqual({ outcome: 'TargetUnavailable, retryable', seconds: 40 });
});
