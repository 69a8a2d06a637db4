import { projectEvent } from '../../../pipeline/history/project-event.ts';

const detail = {
  schemaVersion: 1,
  id: 'e1',
  secretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf',
  secretName: 'app/db',
  versionId: 'token',
};
const event = (type: string, more: object = {}) => ({
  id: 'bus-1',
  time: '2026-05-01T00:00:00Z',
  source: 'keyturn',
  'detail-type': type,
  detail: { ...detail, ...more },
});
const failed = (retryable: boolean) =>
  event('Rotation Step Failed', { step: 'setSecret', code: 'TargetRefused', message: 'no ADMIN on app', retryable });

test('an event of the story becomes a row of its secret, in order of time, that expires', () => {
  const row = projectEvent(event('Secret Promoted', { previousVersionId: 'v1' }));
  expect(row).toMatchObject({
    pk: `secret#${detail.secretArn}`,
    sk: '2026-05-01T00:00:00Z#e1',
    type: 'Secret Promoted',
  });
  expect(row?.expiresAt).toBe(Date.parse('2026-05-01T00:00:00Z') / 1000 + 400 * 86_400);
});

test('the same event delivered twice writes the same row', () => {
  expect(projectEvent(failed(false))).toEqual(projectEvent(failed(false)));
});

test('a failure for good is a row of the story like any other, and decides nothing', () => {
  expect(projectEvent(failed(false))?.pk).toBe(projectEvent(failed(true))?.pk);
});

test('a request is not yet part of a story', () => {
  expect(projectEvent({ ...event('Rotation Requested'), detail: { secretId: 'app/db' } })).toBeUndefined();
});

test.each([
  ['of another source', { ...event('Secret Promoted'), source: 'aws.s3' }],
  ['of an unknown type', event('Secret Exploded')],
  ['without a secret', { ...event('Secret Promoted'), detail: { id: 'x', schemaVersion: 1 } }],
  ['that is not an object', 'text'],
])('an event %s is refused with the place named', (_, input) => {
  expect(() => projectEvent(input)).toThrow(expect.objectContaining({ code: 'InputInvalid' }));
});
