import type { RotationRequest } from '../../../pipeline/contracts/execution.ts';
import type { SecretDescription } from '../../../pipeline/rotation/secret-store.ts';
import { versionLabels } from '../../../pipeline/rotation/version-labels.ts';
import { type Decision, decide, whyRollBackIsImpossible, workflowToken } from '../../../pipeline/workflow/decide.ts';

const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf';
const C = 'AWSCURRENT';
const P = 'AWSPENDING';
const B = 'AWSPREVIOUS';
const FLIGHT = 'KEYTURN_IN_FLIGHT';
const FAILED = 'KEYTURN_FAILED';
/** The token of the execution that decides. */
const OWN = workflowToken('e');
const OTHER = workflowToken('another execution');
const settings = { gracePeriodSeconds: 600, rotated: true };
const asked = { startedBy: 'console', secretId: 'app/db', operation: 'rotate' } as const;
const plain = { retireNow: false, emergency: false, force: false } as const;

function secret(stages: Record<string, string[]>, more: Partial<SecretDescription> = {}): SecretDescription {
  return {
    arn: ARN,
    name: 'app/db',
    rotationEnabled: true,
    rotationFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:rotate',
    owningService: undefined,
    lastChangedAt: undefined,
    ...versionLabels(stages),
    ...more,
  };
}
const rotate = (more: object = {}) => ({ ...asked, ...plain, ...more }) as RotationRequest;
const byHand = (versionId: string): RotationRequest => ({ startedBy: 'hand', secretId: 'app/db', versionId });

describe('a decision, word for word', () => {
  const inGrace = { v2: [C, FLIGHT], v1: [B] };
  const decisions: [string, RotationRequest, Record<string, string[]>, Decision][] = [
    [
      'a rotation',
      rotate(),
      { v1: [C] },
      { path: 'requested', versionId: OWN, previousVersionId: 'v1', reason: 'a rotation was asked for' },
    ],
    [
      'a rotation after a retirement that left AWSPREVIOUS: there is nothing to retire first',
      rotate({ retireNow: true }),
      { v2: [C], v1: [B] },
      { path: 'requested', versionId: OWN, previousVersionId: 'v2', reason: 'a rotation was asked for' },
    ],
    [
      'a rotation that goes on, promoted already',
      rotate(),
      { [OWN]: [C, FLIGHT], v1: [B] },
      { path: 'requested', versionId: OWN, previousVersionId: 'v1', reason: 'this execution goes on' },
    ],
    [
      'a rotation that retires first and clears the way',
      rotate({ retireNow: true, force: true }),
      { ...inGrace, v3: [P] },
      {
        path: 'requested',
        versionId: OWN,
        previousVersionId: 'v2',
        retireFirst: { versionId: 'v2', previousVersionId: 'v1' },
        clearVersionId: 'v3',
        reason: 'a rotation was asked for',
      },
    ],
    [
      'an emergency in the grace period',
      rotate({ emergency: true }),
      inGrace,
      {
        path: 'requested',
        versionId: workflowToken('e', true),
        previousVersionId: 'v2',
        reason: 'a rotation was asked for',
      },
    ],
    [
      'a native rotation',
      { startedBy: 'native', secretId: 'app/db', versionId: 'native' },
      { v1: [C], native: [P] },
      { path: 'adopted', versionId: 'native', previousVersionId: 'v1', reason: 'Secrets Manager began this rotation' },
    ],
    [
      'a check',
      rotate({ operation: 'check' }),
      { v1: [C] },
      { path: 'checks-only', versionId: 'v1', reason: 'a check was asked for' },
    ],
    [
      'a roll-back of what is expected',
      rotate({ operation: 'roll-back', expectedVersionId: 'v2' }),
      inGrace,
      { path: 'roll-back', versionId: 'v2', previousVersionId: 'v1', reason: 'a roll-back was asked for' },
    ],
    [
      'a stuck candidate is given up',
      rotate({ operation: 'repair', code: 'PendingStuck', expectedVersionId: 'v2' }),
      { v1: [C], v2: [P] },
      {
        path: 'repair',
        versionId: 'v2',
        reason: 'a repair of PendingStuck was asked for',
        repair: { operation: 'Abandon', secretArn: ARN, versionId: 'v2' },
      },
    ],
    [
      'what was found at the target is repaired, with the credential that waits for its retirement',
      rotate({ operation: 'repair', code: 'CurrentRefused', expectedVersionId: 'v2' }),
      inGrace,
      {
        path: 'repair',
        versionId: 'v2',
        previousVersionId: 'v1',
        reason: 'a repair of CurrentRefused was asked for',
        repair: {
          operation: 'Repair',
          secretArn: ARN,
          versionId: 'v2',
          previousVersionId: 'v1',
          code: 'CurrentRefused',
        },
      },
    ],
    [
      'what was found at the target is repaired, after the retirement',
      rotate({ operation: 'repair', code: 'CurrentRefused', expectedVersionId: 'v2' }),
      { v2: [C], v1: [B] },
      {
        path: 'repair',
        versionId: 'v2',
        reason: 'a repair of CurrentRefused was asked for',
        repair: {
          operation: 'Repair',
          secretArn: ARN,
          versionId: 'v2',
          previousVersionId: undefined,
          code: 'CurrentRefused',
        },
      },
    ],
    [
      'a value that was put by hand',
      byHand('v2'),
      { v2: [C], v1: [B] },
      {
        path: 'promoted-by-hand',
        versionId: 'v2',
        previousVersionId: 'v1',
        reason: 'a value was put by hand or by another tool',
      },
    ],
    ...(
      [
        ['an event that comes late', { v3: [C], v2: [B] }, 'AWSCURRENT is on v3 by now'],
        ['an event of a secret that has no value any more', {}, 'AWSCURRENT is on no version by now'],
        ['a version in flight', inGrace, 'a rotation put this version and reports on it'],
        ['a version that failed', { v2: [C, FAILED], v1: [B] }, 'a rotation put this version and reports on it'],
        [
          'a version that a roll-back put back',
          { v2: [C], v3: [B, FAILED] },
          'a roll-back put this version in the place of v3',
        ],
        [
          'a version whose rotation is about to end',
          { v2: [C, P], v1: [B] },
          'Secrets Manager is about to finish the rotation of this version',
        ],
        ['a first value', { v2: [C] }, 'the first value of a secret: no consumer holds another'],
      ] as const
    ).map(([name, stages, reason]): [string, RotationRequest, Record<string, string[]>, Decision] => [
      name,
      byHand('v2'),
      stages as unknown as Record<string, string[]>,
      { path: 'nothing-to-do', versionId: 'v2', reason },
    ]),
    [
      'a version of the workflow whose rotation is closed',
      byHand(OTHER),
      { [OTHER]: [C], v1: [B] },
      { path: 'nothing-to-do', versionId: OTHER, reason: 'a rotation put this version and reports on it' },
    ],
  ];

  test.each(decisions)('%s', (_name, request, stages, expected) => {
    expect(decide(request, secret(stages), settings, 'e')).toEqual(expected);
  });

  test.each([
    ['its version', { v1: [C] }, 'v1'],
    ['none', {}, 'none'],
  ])('a first run of a rate schedule names %s', (_name, stages, versionId) => {
    expect(decide(rotate(), secret(stages), { ...settings, isFirstRun: true }, 'e')).toEqual({
      path: 'nothing-to-do',
      versionId,
      reason: 'a rate schedule runs when it is made, and a first deployment never rotates',
    });
  });
});

describe('a refusal, word for word', () => {
  const refusals: [string, RotationRequest, Record<string, string[]>, Partial<SecretDescription>, string, string][] = [
    [
      'a check of a secret without a value',
      rotate({ operation: 'check' }),
      {},
      {},
      'SecretUnusable',
      'app/db has no AWSCURRENT version. Put a first value.',
    ],
    [
      'a roll-back of a secret without a value',
      rotate({ operation: 'roll-back', expectedVersionId: 'v2' }),
      {},
      {},
      'RollBackImpossible',
      'app/db: version v2 was to be rolled back, but no version is current by now. Look again.',
    ],
    [
      'a roll-back to nothing',
      rotate({ operation: 'roll-back' }),
      { v1: [C] },
      {},
      'RollBackImpossible',
      'app/db has no previous version to go back to. Put a working value by hand.',
    ],
    [
      'a roll-back without AWSCURRENT',
      rotate({ operation: 'roll-back' }),
      { v1: [B] },
      {},
      'RollBackImpossible',
      'app/db has no previous version to go back to. Put a working value by hand.',
    ],
    [
      'a repair that names no finding',
      rotate({ operation: 'repair', expectedVersionId: 'v1' }),
      { v1: [C] },
      {},
      'VersionsUnrelated',
      'app/db: a repair names the finding, code, and its version, expectedVersionId.',
    ],
    [
      'a repair that names no version',
      rotate({ operation: 'repair', code: 'CurrentRefused' }),
      { v1: [C] },
      {},
      'VersionsUnrelated',
      'app/db: a repair names the finding, code, and its version, expectedVersionId.',
    ],
    [
      'a repair of a secret without a rotation function',
      rotate({ operation: 'repair', code: 'CurrentRefused', expectedVersionId: 'v1' }),
      { v1: [C] },
      { rotationFunctionArn: undefined },
      'SecretUnusable',
      'app/db has no rotation function that could repair anything.',
    ],
    [
      'giving up another version than the candidate',
      rotate({ operation: 'repair', code: 'PendingStuck', expectedVersionId: 'v9' }),
      { v1: [C], v2: [P] },
      {},
      'VersionsUnrelated',
      'app/db: AWSPENDING is on v2, not on v9. Look again: keyturn doctor app/db.',
    ],
    [
      'giving up where there is no candidate',
      rotate({ operation: 'repair', code: 'PendingStuck', expectedVersionId: 'v2' }),
      { v1: [C] },
      {},
      'VersionsUnrelated',
      'app/db: AWSPENDING is on no candidate, not on v2. Look again: keyturn doctor app/db.',
    ],
    [
      'giving up AWSCURRENT on which AWSPENDING was left',
      rotate({ operation: 'repair', code: 'PendingStuck', expectedVersionId: 'v1' }),
      { v1: [C, P] },
      {},
      'VersionsUnrelated',
      'app/db: AWSPENDING is on no candidate, not on v1. Look again: keyturn doctor app/db.',
    ],
    [
      'a repair of what is not current any more',
      rotate({ operation: 'repair', code: 'CurrentRefused', expectedVersionId: 'v1' }),
      { v2: [C], v1: [B] },
      {},
      'VersionsUnrelated',
      'app/db: AWSCURRENT is on v2, not on v1. Look again: keyturn doctor app/db.',
    ],
    [
      'a repair where nothing is current',
      rotate({ operation: 'repair', code: 'CurrentRefused', expectedVersionId: 'v1' }),
      {},
      {},
      'VersionsUnrelated',
      'app/db: AWSCURRENT is on no version, not on v1. Look again: keyturn doctor app/db.',
    ],
    [
      'retiring first where there is nothing to retire',
      rotate({ retireNow: true }),
      { v2: [C, FLIGHT] },
      { lastChangedAt: new Date('2026-05-01T00:00:00Z') },
      'RotationInGrace',
      'app/db was rotated, and its previous credential is kept for roll-back and slow consumers until 2026-05-01T00:10:00.000Z. Another rotation now would reset it. Wait, or retire it now with evidence: keyturn rotate app/db --retire-now; in an emergency: keyturn rotate app/db --emergency.',
    ],
    [
      'another candidate, whose moment nothing says',
      rotate(),
      { v1: [C], v2: [P] },
      {},
      'RotationInProgress',
      'app/db is being rotated: version v2 is AWSPENDING. Wait for it; if nothing is running, keyturn doctor says what left it, and keyturn rotate app/db --force gives it up.',
    ],
  ];

  test.each(refusals)('%s', (_name, request, stages, more, code, message) => {
    expect(() => decide(request, secret(stages, more), settings, 'e')).toThrow(
      expect.objectContaining({ code, message }),
    );
  });
});

test.each<[string, Record<string, string[]>, string | undefined]>([
  ['can be undone', { v2: [C, FLIGHT], v1: [B] }, undefined],
  ['put by hand can be undone', { hand: [C], v1: [B] }, undefined],
  ['has nothing before it', { v1: [C] }, 'app/db has no previous version to go back to. Put a working value by hand.'],
  [
    'has been retired',
    { [OTHER]: [C], v1: [B] },
    `app/db: the credential before ${OTHER} has been retired: the target refuses it. Rotate again: keyturn rotate app/db.`,
  ],
  [
    'would go back to what failed',
    { hand: [C], v1: [B, FAILED] },
    'app/db: version v1 failed its checks itself and is not restored. Put a working value by hand.',
  ],
])('whether a roll-back is possible: the current version %s', (_name, stages, expected) => {
  expect(whyRollBackIsImpossible(secret(stages), undefined)).toBe(expected);
});
