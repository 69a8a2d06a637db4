import { findDrift } from '../../../pipeline/audit/find-drift.ts';
import type { ObservedSecret } from '../../../pipeline/audit/observed.ts';
import type { VerifyAnswer } from '../../../pipeline/contracts/audit.ts';
import { ago, now, seen } from './seen.ts';

const atRest = { v2: ['AWSCURRENT'], v1: ['AWSPREVIOUS'] };
const inFlight = { v2: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'], v1: ['AWSPREVIOUS'] };
const target = (more: object): VerifyAnswer =>
  ({
    supported: true,
    current: { works: true },
    findings: [],
    repairable: ['CurrentRefused', 'PreviousRefused'],
    ...more,
  }) as never;
const only = (observed: ObservedSecret) => findDrift(observed, now)[0];

describe('a way out is only advised where it can succeed', () => {
  const failed = (previous: string[], current = 'v2') =>
    only(
      seen({ [current]: ['AWSCURRENT', 'KEYTURN_FAILED'], v1: previous }, { story: { believedVersionId: current } }),
    );

  test('a roll-back, where the version before it may come back', () => {
    expect(failed(['AWSPREVIOUS'])).toMatchObject({ repair: { action: 'roll-back', versionId: 'v2' }, isSafe: false });
  });

  test.each([
    ['failed its own checks', ['AWSPREVIOUS', 'KEYTURN_FAILED'], 'v2', 'failed its checks itself'],
    ['is not there', [], 'v2', 'no previous version'],
    ['has been retired', ['AWSPREVIOUS'], 'keyturn-1', 'has been retired'],
  ])('no roll-back, where the version before it %s: a person puts a value', (_, previous, current, why) => {
    const found = failed(previous, current);
    expect(found?.repair).toBeUndefined();
    expect(found?.message).toContain(why);
    expect(found?.command).toBe(
      'aws secretsmanager put-secret-value --secret-id app/db --secret-string file://VALUE_FILE',
    );
  });

  const failedWith = (more: object) =>
    findDrift(
      seen(
        { v2: ['AWSCURRENT', 'KEYTURN_FAILED'], v1: ['AWSPREVIOUS'] },
        { story: { believedVersionId: 'v2' }, ...more },
      ),
      now,
    ).find(({ code }) => code === 'CurrentFailed');

  test('no roll-back, where the value of the version before it is no payload', () => {
    const previous = { works: false, reason: 'app/db: no payload.', isUnreadable: true } as const;
    const found = failedWith({ target: target({ previous }) });
    expect(found).not.toHaveProperty('repair');
    expect(found?.message).toMatch(
      /version v1 cannot be put back, because nothing can use its value: app\/db: no payload/,
    );
    expect(found?.command).toMatch(/^aws secretsmanager put-secret-value/);
  });

  test('a roll-back, where the version before it is refused at present: the rotation function restores it', () => {
    const found = failedWith({ target: target({ previous: { works: false, reason: 'it may not log in' } }) });
    expect(found).toMatchObject({ repair: { action: 'roll-back', versionId: 'v2' } });
  });

  test('no roll-back while the target is away: what is away comes first', () => {
    const found = failedWith({ target: { unreachable: 'no route to the database' } });
    expect(found).not.toHaveProperty('repair');
    expect(found?.message).toMatch(/cannot succeed at present: no route to the database/);
  });

  test('an emergency ends a rotation whose previous value is no payload: a retirement would have to read it', () => {
    const previous = { works: false, reason: 'no payload', isUnreadable: true } as const;
    const found = only(seen(inFlight, { isRetiring: true, target: target({ previous }) }));
    expect(found).toMatchObject({ code: 'PreviousRefused', command: expect.stringContaining('--emergency --wait') });
  });

  const refused = (more: object, kind = 'postgres') =>
    only(
      seen(atRest, { set: { kind } as never, target: target({ current: { works: false, reason: 'no', ...more } }) }),
    );

  test('a refused login is repaired by its rotator, unless a role is missing: then that comes first', () => {
    expect(refused({})).toMatchObject({ repair: { action: 'repair-target', code: 'CurrentRefused' } });
    const missing = { code: 'RoleMissing', message: 'r', person: 'CREATE ROLE app LOGIN;' };
    const blocked = target({ current: { works: false, reason: 'no' }, findings: [missing], repairable: [] });
    const [current, role] = findDrift(seen(atRest, { target: blocked }), now);
    expect(current).toMatchObject({ command: 'Repair RoleMissing first, then: keyturn doctor app/db --repair' });
    expect(current?.repair).toBeUndefined();
    expect(role).toMatchObject({ code: 'RoleMissing', command: 'CREATE ROLE app LOGIN;' });
  });

  test('a refused API key is replaced by a rotation; a value that is no payload is put again by a person', () => {
    const key = (more: object) =>
      only(
        seen(atRest, {
          set: { kind: 'api-key' } as never,
          target: target({ current: { works: false, reason: 'no', ...more }, repairable: [] }),
        }),
      )?.command;
    expect(key({})).toBe('keyturn rotate app/db --emergency --wait');
    expect(key({ isUnreadable: true })).toMatch(/^Put a value that works: aws secretsmanager put-secret-value /);
  });

  test('an overdue secret whose previous credential is not retired yet: retired first', () => {
    const dates = { lastRotatedAt: ago(2_000), nextRotationAt: ago(25) };
    expect(only(seen(inFlight, { isRetiring: true, dates, described: { lastChangedAt: ago(1) } }))).toMatchObject({
      code: 'SecretOverdue',
      command: 'keyturn rotate app/db --wait --retire-now',
    });
  });
});
