import type { ObservedSecret } from '../../../pipeline/audit/observed.ts';
import type { SecretSettings } from '../../../pipeline/contracts/settings/secret.ts';
import type { SecretDescription } from '../../../pipeline/rotation/secret-store.ts';
import { versionLabels } from '../../../pipeline/rotation/version-labels.ts';

export const now = new Date('2026-06-01T12:00:00Z');
export const ago = (hours: number) => new Date(now.getTime() - hours * 3_600_000);
export const FUNCTION_ARN = 'arn:aws:lambda:us-east-1:000000000000:function:rotate';

export function secretWith(stages: Record<string, string[]>, more: Partial<SecretDescription> = {}): SecretDescription {
  return {
    arn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf',
    name: 'app/db',
    rotationEnabled: true,
    rotationFunctionArn: FUNCTION_ARN,
    owningService: undefined,
    lastChangedAt: ago(2),
    ...versionLabels(stages),
    ...more,
  };
}

export function settingsWith(more: Partial<SecretSettings> = {}): SecretSettings {
  return {
    schemaVersion: 1,
    name: 'app/db',
    kind: 'postgres',
    rotated: true,
    rotator: {},
    gracePeriodSeconds: 86_400,
    promotionTimeoutSeconds: 900,
    evidenceIntervalSeconds: 60,
    rollBackHandPutValues: false,
    consumers: [],
    checks: [],
    mirrors: [],
    ...more,
  } as SecretSettings;
}

/** What an audit sees of a secret that is as it should be, with what a test wants different. */
export function seen(
  stages: Record<string, string[]>,
  more: Partial<ObservedSecret> & { described?: Partial<SecretDescription>; set?: Partial<SecretSettings> } = {},
): ObservedSecret {
  const { described, set, ...rest } = more;
  return {
    settings: settingsWith(set),
    secret: secretWith(stages, described),
    dates: { lastRotatedAt: ago(48), nextRotationAt: ago(-24), createdAt: ago(5_000) },
    isRotating: false,
    isRetiring: false,
    story: { believedVersionId: 'v2' },
    consumers: [],
    mirrors: [],
    ...rest,
  };
}
