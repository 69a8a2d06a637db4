import type { RotationRequest } from '../../../pipeline/contracts/execution.ts';
import type { SecretDescription } from '../../../pipeline/rotation/secret-store.ts';
import { versionLabels } from '../../../pipeline/rotation/version-labels.ts';
import { decide, workflowToken } from '../../../pipeline/workflow/decide.ts';

const settings = { gracePeriodSeconds: 600, rotated: true };
const byHand = (versionId: string): RotationRequest => ({ startedBy: 'hand', secretId: 'app/db', versionId });
const asked = {
  startedBy: 'schedule',
  secretId: 'app/db',
  operation: 'rotate',
  retireNow: false,
  emergency: false,
  force: false,
} as const satisfies RotationRequest;

function secret(stages: Record<string, string[]>, more: Partial<SecretDescription> = {}): SecretDescription {
  return {
    arn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf',
    name: 'app/db',
    rotationEnabled: true,
    rotationFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:rotate',
    owningService: undefined,
    lastChangedAt: new Date('2026-05-01T00:00:00Z'),
    ...versionLabels(stages),
    ...more,
  };
}

describe('a rotation that is asked for', () => {
  test('goes through Secrets Manager, with a token that the execution’s name determines', () => {
    const first = decide(asked, secret({ v1: ['AWSCURRENT'] }), settings, 'execution-1');
    const again = decide(asked, secret({ v1: ['AWSCURRENT'] }), settings, 'execution-1');
    expect(first).toMatchObject({ path: 'requested', previousVersionId: 'v1' });
    expect(again.versionId).toBe(first.versionId);
    expect(first.versionId).toMatch(/^keyturn-[0-9a-f]{40}$/);
    expect(decide(asked, secret({ v1: ['AWSCURRENT'] }), settings, 'execution-2').versionId).not.toBe(first.versionId);
  });

  test('is refused inside the grace period, with the time and the way out', () => {
    const inGrace = secret({ v2: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'], v1: ['AWSPREVIOUS'] });
    expect(() => decide(asked, inGrace, settings, 'e')).toThrow(
      /until 2026-05-01T00:10:00.000Z.*--retire-now.*--emergency/,
    );
  });

  test('is refused while another candidate is AWSPENDING', () => {
    expect(() => decide(asked, secret({ v1: ['AWSCURRENT'], v2: ['AWSPENDING'] }), settings, 'e')).toThrow(
      expect.objectContaining({ code: 'RotationInProgress', message: expect.stringContaining('v2 is AWSPENDING') }),
    );
  });

  test('is not refused because AWSPENDING rests on AWSCURRENT’s version, which is a legal end state', () => {
    expect(decide(asked, secret({ v1: ['AWSCURRENT', 'AWSPENDING'] }), settings, 'e').path).toBe('requested');
  });

  test('goes on when Prepare runs a second time in the same execution', () => {
    const token = workflowToken('execution-1');
    const begun = secret({ v1: ['AWSCURRENT'], [token]: ['AWSPENDING'] });
    expect(decide(asked, begun, settings, 'execution-1')).toMatchObject({
      path: 'requested',
      versionId: token,
      previousVersionId: 'v1',
    });
    const promoted = secret({ v1: ['AWSPREVIOUS'], [token]: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'] });
    expect(decide(asked, promoted, settings, 'execution-1')).toMatchObject({
      versionId: token,
      previousVersionId: 'v1',
    });
  });

  test.each([
    ['is owned by another service', { owningService: 'rds' }, settings, /owned by rds/],
    ['has no rotation function', { rotationFunctionArn: undefined }, settings, /no rotation function/],
    ['is only watched', {}, { ...settings, rotated: false }, /watched, not rotated/],
  ])('is refused when the secret %s', (_, more, itsSettings, message) => {
    expect(() => decide(asked, secret({ v1: ['AWSCURRENT'] }, more), itsSettings, 'e')).toThrow(message);
  });
});

describe('a rotation that Secrets Manager began by itself', () => {
  test('is adopted with its own token', () => {
    const begun = secret({ v1: ['AWSCURRENT'], native: ['AWSPENDING'] });
    expect(
      decide({ startedBy: 'native', secretId: 'app/db', versionId: 'native' }, begun, settings, 'native'),
    ).toMatchObject({
      path: 'adopted',
      versionId: 'native',
      previousVersionId: 'v1',
    });
  });
});

describe('AWSCURRENT came to rest on a version', () => {
  test('that somebody put: it is propagated and checked', () => {
    expect(decide(byHand('v2'), secret({ v2: ['AWSCURRENT'], v1: ['AWSPREVIOUS'] }), settings, 'e')).toMatchObject({
      path: 'promoted-by-hand',
      versionId: 'v2',
      previousVersionId: 'v1',
    });
  });

  test('that somebody put over a rotation in flight: it is propagated too', () => {
    const over = secret({ v3: ['AWSCURRENT'], v2: ['AWSPREVIOUS', 'KEYTURN_IN_FLIGHT'] });
    expect(decide(byHand('v3'), over, settings, 'e').path).toBe('promoted-by-hand');
  });

  test.each([
    ['a rotation promoted it', { v2: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'], v1: ['AWSPREVIOUS'] }, 'v2'],
    ['a roll-back put it back', { v1: ['AWSCURRENT'], v2: ['AWSPREVIOUS', 'KEYTURN_FAILED'] }, 'v1'],
    [
      'it is a workflow’s token whose label was closed already',
      { [workflowToken('x')]: ['AWSCURRENT'] },
      workflowToken('x'),
    ],
    ['the event is late, and AWSCURRENT is elsewhere', { v3: ['AWSCURRENT'], v2: ['AWSPREVIOUS'] }, 'v2'],
  ])('nothing is to be done when %s', (_, stages, versionId) => {
    expect(decide(byHand(versionId), secret(stages), settings, 'e').path).toBe('nothing-to-do');
  });
});

describe('a rotation that clears the way first', () => {
  const inGrace = secret({ v2: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'], v1: ['AWSPREVIOUS'] });
  const stuck = secret({ v1: ['AWSCURRENT'], v2: ['AWSPENDING'] });

  test('retires the previous credential of the rotation before, when it is asked to', () => {
    expect(decide({ ...asked, retireNow: true }, inGrace, settings, 'e')).toMatchObject({
      path: 'requested',
      previousVersionId: 'v2',
      retireFirst: { versionId: 'v2', previousVersionId: 'v1' },
    });
  });

  test('has nothing to retire outside of a grace period', () => {
    expect(decide({ ...asked, retireNow: true }, secret({ v1: ['AWSCURRENT'] }), settings, 'e')).not.toHaveProperty(
      'retireFirst',
    );
  });

  test('in an emergency waits for nobody', () => {
    const decision = decide({ ...asked, emergency: true }, inGrace, settings, 'e');
    expect(decision.versionId).toMatch(/^keyturn-emergency-/);
    expect(decision).not.toHaveProperty('retireFirst');
  });

  test('gives a stuck candidate up only when it is forced to', () => {
    expect(() => decide({ ...asked, retireNow: true, emergency: true }, stuck, settings, 'e')).toThrow(/--force/);
    expect(decide({ ...asked, force: true }, stuck, settings, 'e')).toMatchObject({
      path: 'requested',
      clearVersionId: 'v2',
    });
  });
});

describe('a roll-back by hand', () => {
  const rollBack = { ...asked, operation: 'roll-back' } as const;

  test('goes back to the version before, while that has not been retired', () => {
    const inGrace = secret({ v2: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'], v1: ['AWSPREVIOUS'] });
    expect(decide(rollBack, inGrace, settings, 'e')).toMatchObject({
      path: 'roll-back',
      versionId: 'v2',
      previousVersionId: 'v1',
    });
  });

  test('goes back from a value that was put by hand', () => {
    expect(decide(rollBack, secret({ hand: ['AWSCURRENT'], v1: ['AWSPREVIOUS'] }), settings, 'e')).toMatchObject({
      path: 'roll-back',
      previousVersionId: 'v1',
    });
  });

  test.each([
    ['nothing was there before', { v1: ['AWSCURRENT'] }, /no previous version/],
    [
      'the previous credential has been retired',
      { [workflowToken('x')]: ['AWSCURRENT'], v1: ['AWSPREVIOUS'] },
      /has been retired/,
    ],
    [
      'the previous version failed its checks',
      { hand: ['AWSCURRENT'], v1: ['AWSPREVIOUS', 'KEYTURN_FAILED'] },
      /failed its checks/,
    ],
  ])('is refused where %s', (_, stages, message) => {
    expect(() => decide(rollBack, secret(stages), settings, 'e')).toThrow(
      expect.objectContaining({ code: 'RollBackImpossible', message: expect.stringMatching(message) }),
    );
  });
});

test('a roll-back of a version that is not current any more is refused', () => {
  const request = { ...asked, operation: 'roll-back', expectedVersionId: 'v2' } as const;
  const moved = secret({ v3: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'], v2: ['AWSPREVIOUS'] });
  expect(() => decide(request, moved, settings, 'e')).toThrow(/v2 was to be rolled back, but v3 is current by now/);
});

test('the run of a rate schedule that comes with the first deployment rotates nothing', () => {
  const first = { ...settings, isFirstRun: true };
  expect(decide(asked, secret({ v1: ['AWSCURRENT'] }), first, 'e')).toMatchObject({ path: 'nothing-to-do' });
});

test('a check on demand is of what is current, and changes nothing', () => {
  expect(decide({ ...asked, operation: 'check' }, secret({ v1: ['AWSCURRENT'] }), settings, 'e')).toMatchObject({
    path: 'checks-only',
    versionId: 'v1',
  });
});
