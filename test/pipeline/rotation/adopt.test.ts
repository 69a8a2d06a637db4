import type { SFNClient } from '@aws-sdk/client-sfn';
import { adoptWith } from '../../../pipeline/rotation/adopt.ts';

const stateMachineArn = 'arn:aws:states:us-east-1:123456789012:stateMachine:rotate-secret';
const secretArn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-AbCdEf';

/** Step Functions, which answers this. test/scenarios/ways-in.test.ts has the laptop's. */
function adopting(answer: () => Promise<unknown>) {
  const inputs: unknown[] = [];
  const send = async ({ input }: { input: unknown }) => {
    inputs.push(input);
    return answer();
  };
  const adopt = adoptWith({ client: { send } as unknown as SFNClient, stateMachineArn });
  return { inputs, adopted: adopt({ secretArn, token: 'a-token' }) };
}

const failing = (name: string) => async () => {
  throw Object.assign(new Error('what AWS says'), { name });
};

describe('a rotation that Secrets Manager began', () => {
  test('starts the execution that is named after its token', async () => {
    const { inputs, adopted } = adopting(async () => ({}));
    await adopted;
    const input = JSON.stringify({ secretId: secretArn, startedBy: 'native', versionId: 'a-token' });
    expect(inputs).toEqual([{ stateMachineArn, name: 'a-token', input }]);
  });

  test('is the workflow’s where the execution is there already', async () => {
    await expect(adopting(failing('ExecutionAlreadyExists')).adopted).resolves.toBeUndefined();
  });

  test('is tried again by Secrets Manager where the execution could not be started', async () => {
    await expect(adopting(failing('AccessDeniedException')).adopted).rejects.toMatchObject({
      code: 'AdoptionFailed',
      retryable: true,
      cause: { message: 'what AWS says' },
      message: expect.stringMatching(
        new RegExp(
          `a-token of ${secretArn}: AccessDeniedException\\. Nothing was changed; Secrets Manager tries again`,
        ),
      ),
    });
    const thrown = adopting(() => Promise.reject('a text')).adopted;
    await expect(thrown).rejects.toMatchObject({ code: 'AdoptionFailed', message: expect.stringContaining('unknown') });
  });
});
