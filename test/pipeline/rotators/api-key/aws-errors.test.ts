import { describeAwsError, judgeAwsError } from '../../../../pipeline/rotators/api-key/aws-errors.ts';

const fault = (name: string, message: string, httpStatusCode: number) =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });

test.each([
  ['as it is', (key: string) => key],
  ['in a URL', (key: string) => `https://x/?key=${encodeURIComponent(key)}`],
  ['in Base64', (key: string) => Buffer.from(`id:${key}`).toString('base64')],
])('a service that repeats the key that it was called with, %s, is not quoted', (_name, repeat) => {
  const key = 'ABSKb/x+y==';
  const verdict = judgeAwsError(fault('AccessDenied', `The key ${repeat(key)} is wrong`, 403), {
    service: 'Bedrock',
    key,
  });
  expect(verdict).toEqual({ verdict: 'refused', reason: expect.stringMatching(/^Bedrock answered \(words left out/) });
});

test('other words are quoted on one line, without what a terminal obeys', () => {
  const words = 'User: arn:aws:iam::1:user/x\r\n\u001b[31mis \u202enot authorized';
  const shown = 'User: arn:aws:iam::1:user/x \ufffd[31mis \ufffdnot authorized';
  expect(judgeAwsError(fault('AccessDenied', words, 403), { service: 'STS', key: 'k' })).toEqual({
    verdict: 'refused',
    reason: `STS answered AccessDenied: ${shown}`,
  });
  expect(describeAwsError(fault('NoSuchEntity', words, 404), 'IAM user x').message).toBe(
    `IAM user x: NoSuchEntity: ${shown}`,
  );
});
