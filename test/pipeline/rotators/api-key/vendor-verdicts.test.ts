import { describeAwsError, judgeAwsError } from '../../../../pipeline/rotators/api-key/aws-errors.ts';
import { describeStatus, send } from '../../../../pipeline/rotators/api-key/http-client.ts';
import { startVendor } from '../../checks/vendor.ts';

let vendor: Awaited<ReturnType<typeof startVendor>>;
beforeAll(async () => {
  vendor = await startVendor();
});
afterAll(() => vendor.close());
beforeEach(() => vendor.forget());

const client = { fetch, sleep: async () => undefined, requestTimeoutSeconds: 5 };
const get = (url: string) =>
  send(client, { method: 'GET', url, headers: { 'x-admin': '{admin.key}' } }, { 'admin.key': 'k-1' });

test('a vendor whose certificate is not accepted is wrong: nothing was sent, and another try finds the same', async () => {
  const thrown = await get(`${vendor.tlsUrl}/keys`).catch((error) => error);
  expect(thrown).toMatchObject({
    code: 'TargetRefused',
    message: expect.stringMatching(/UNABLE_TO_VERIFY_LEAF_SIGNATURE.*nothing was sent.*NODE_EXTRA_CA_CERTS/),
  });
  expect(thrown.message).not.toContain('k-1');
  expect(vendor.received).toEqual([]);
});

test('a vendor that nobody reaches may have acted, and is asked again', async () => {
  await expect(get('http://127.0.0.1:1/keys')).rejects.toMatchObject({
    code: 'TargetUnavailable',
    message: expect.stringContaining('may have acted'),
  });
});

test.each([408, 423, 425, 429, 500, 502, 503, 504])('status %d is asked again', (status) => {
  expect(describeStatus('GET /keys', { status, body: undefined })).toMatchObject({ code: 'TargetUnavailable' });
});

test.each([301, 400, 401, 403, 404, 409, 422])('status %d is a refusal', (status) => {
  expect(describeStatus('GET /keys', { status, body: undefined })).toMatchObject({ code: 'TargetRefused' });
});

describe('AWS', () => {
  const answered = (name: string, httpStatusCode: number) =>
    Object.assign(new Error('words'), { name, $fault: 'client', $metadata: { httpStatusCode } });

  test.each([
    ['AccessDenied', 403, 'TargetRefused'],
    ['NoSuchEntity', 404, 'TargetRefused'],
    ['Throttling', 400, 'TargetUnavailable'],
    ['ServiceFailure', 500, 'TargetUnavailable'],
    ['ExpiredToken', 403, 'TargetUnavailable'],
    ['SomethingNew', 400, 'TargetUnavailable'],
  ])('to the pipeline’s own role: %s (%d) is %s', (name, status, code) => {
    expect(describeAwsError(answered(name, status), 'IAM user app')).toMatchObject({ code });
  });

  test.each([
    ['InvalidClientTokenId', 403, 'refused'],
    ['SignatureDoesNotMatch', 403, 'refused'],
    ['AccessDeniedException', 403, 'refused'],
    ['ThrottlingException', 429, 'unclear'],
    ['ValidationException', 400, 'unclear'],
    ['InternalServerException', 500, 'unclear'],
    ['RequestExpired', 400, 'unclear'],
  ])('to the key itself: %s (%d) is %s', (name, status, verdict) => {
    expect(judgeAwsError(answered(name, status), { service: 'STS', key: 'the-key' })).toMatchObject({ verdict });
  });
});
