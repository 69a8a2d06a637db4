import type { CheckSettings, ConsumerSettings } from '../../pipeline/contracts/settings/secret.ts';
import type { Plan } from '../../pipeline/workflow/plan.ts';
import { functionArn, type MachineWorld } from './world.ts';

export const TOKEN = 'keyturn-candidate-000000000000000000000000';
export const PREVIOUS = 'previous-0000-0000-0000-000000000000';
export const SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf';

/** What Prepare answers for a rotation without consumers and checks. */
export const plan = (more: Partial<Plan> = {}): Plan => ({
  path: 'requested',
  repair: null,
  reason: 'a rotation was asked for',
  secretArn: SECRET_ARN,
  secretName: 'app/db',
  kind: 'postgres',
  startedBy: 'console',
  versionId: TOKEN,
  previousVersionId: PREVIOUS,
  retireFirst: null,
  clearVersionId: null,
  rotationFunctionArn: functionArn('Rotate'),
  emergency: false,
  rollBack: true,
  promotionTimeoutSeconds: 900,
  gracePeriodSeconds: 60,
  evidenceIntervalSeconds: 60,
  convergenceBoundSeconds: 0,
  consumers: [],
  checks: [],
  mirrors: [],
  ...more,
});

/** A check whose function answers as `world.functions[functionName]` says. */
export const check = (name: string, functionName = 'Check'): CheckSettings => ({
  name,
  type: 'database',
  functionArn: functionArn(functionName),
  parameters: {},
});

/** A consumer that keeps a value for five minutes and half a minute more. */
export const consumerOf = (
  name: string,
  functionName: string,
  freshness: ConsumerSettings['freshness'] = 'notify',
): ConsumerSettings => ({
  name,
  functionArn: functionArn(functionName),
  freshness,
  maxAgeSeconds: 300,
  longestInvocationSeconds: 30,
});

/** Secrets Manager and the rotation function, as a rotation that nothing disturbs finds them. */
export function ofRotation(
  world: MachineWorld,
  how: { promotedAfterSeconds?: number; plan?: Partial<Plan> } = {},
): void {
  const { promotedAfterSeconds = 0.5 } = how;
  let begunAt: number | undefined;
  const seconds = () => world.clock.now().getTime() / 1000;
  const isPromoted = () => begunAt !== undefined && seconds() - begunAt >= promotedAfterSeconds;
  world.functions.PrepareFunction = () => plan(how.plan);
  world.secretsManager.RotateSecret = () => {
    begunAt ??= seconds();
    return { ARN: SECRET_ARN, VersionId: TOKEN };
  };
  world.secretsManager.DescribeSecret = () => ({
    ARN: SECRET_ARN,
    VersionIdsToStages: isPromoted()
      ? { [TOKEN]: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'], [PREVIOUS]: ['AWSPREVIOUS'] }
      : { [TOKEN]: ['AWSPENDING', 'KEYTURN_IN_FLIGHT'], [PREVIOUS]: ['AWSCURRENT'] },
  });
  world.functions.Rotate = ({ operation }) => {
    if (operation === 'GatherEvidence') return { verdict: 'free', observed: 'no session of the login', blockers: [] };
    if (operation === 'Retire') return { retired: true };
    if (operation === 'RollBack') return { rolledBack: true, restoredVersionId: PREVIOUS };
    return { abandoned: true, detachedPending: true };
  };
}
