import { RecycleRefused } from './errors.ts';

/** The one variable of ours: changing it makes Lambda replace every environment. */
export const RECYCLE_VARIABLE = 'KEYTURN_SECRET_VERSION';

/** Lambda's limit for all variables together. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const ENVIRONMENT_BYTES = 4_096;

/** A function as far as recycling looks at it. */
export interface ObservedFunction {
  readonly name: string;
  readonly revisionId: string;
  readonly lastUpdateStatus: 'InProgress' | 'Successful' | 'Failed';
  readonly lastUpdateReason?: string;
  readonly environment: { variables: Readonly<Record<string, string>> } | { error: string };
  readonly timeoutSeconds: number;
  /** Code and configuration without our variable, in a form that can be compared. */
  readonly fingerprint: string;
  readonly snapStart: boolean;
}

export interface ObservedAlias {
  readonly name: string;
  readonly revisionId: string;
  readonly functionVersion: string;
  readonly isWeighted: boolean;
  /** The version that the alias points to. */
  readonly version: ObservedFunction;
  /** Missing where none is configured. */
  readonly provisionedConcurrency?: 'READY' | 'IN_PROGRESS' | 'FAILED';
}

export type RecycleAction =
  | { action: 'update'; variables: Record<string, string>; revisionId: string }
  | { action: 'wait'; reason: string }
  | { action: 'publish'; revisionId: string }
  | { action: 'move-alias'; revisionId: string }
  | { action: 'done'; timeoutSeconds: number };

/**
 * The next step of a recycle, from what is seen now. Pure; asked again after each step, so a recycle that was killed
 * goes on.
 * 1. An update is in progress, ours or somebody's: wait.
 * 2. The alias points to a version that has our value: wait for provisioned concurrency, then done.
 * 3. $LATEST has our value already: without an alias done, else publish and move the alias.
 * 4. Otherwise refuse what would change more than our variable, or update.
 */
export function nextRecycleAction(versionId: string, latest: ObservedFunction, alias?: ObservedAlias): RecycleAction {
  if (latest.lastUpdateStatus === 'InProgress')
    return { action: 'wait', reason: `an update of ${latest.name} is in progress` };
  if (latest.lastUpdateStatus === 'Failed') {
    throw new RecycleRefused(
      `${latest.name}: its last update failed (${latest.lastUpdateReason ?? 'no reason given'}). Mend the function, or declare it with "freshness": "expire".`,
    );
  }
  if (alias && recycledVersion(alias.version) === versionId) {
    if (alias.provisionedConcurrency === 'IN_PROGRESS')
      return { action: 'wait', reason: `provisioned concurrency of ${alias.name} is not READY` };
    return { action: 'done', timeoutSeconds: alias.version.timeoutSeconds };
  }
  if (recycledVersion(latest) === versionId) {
    if (!alias) return { action: 'done', timeoutSeconds: latest.timeoutSeconds };
    refuseAlias(latest, alias);
    return { action: 'publish', revisionId: latest.revisionId };
  }
  if (alias) refuseAlias(latest, alias);
  return { action: 'update', variables: nextVariables(versionId, latest), revisionId: latest.revisionId };
}

function nextVariables(versionId: string, latest: ObservedFunction): Record<string, string> {
  if ('error' in latest.environment) {
    throw new RecycleRefused(
      `${latest.name}: its environment variables cannot be read (${latest.environment.error}), and writing them back would lose them. ` +
        'Grant kms:Decrypt on their key, or declare the consumer with "freshness": "expire".',
    );
  }
  const variables = { ...latest.environment.variables, [RECYCLE_VARIABLE]: versionId };
  const bytes = Buffer.byteLength(JSON.stringify(variables));
  if (bytes <= ENVIRONMENT_BYTES) return variables;
  throw new RecycleRefused(
    `${latest.name}: its environment would have ${bytes} bytes with ${RECYCLE_VARIABLE}, more than Lambda's ${ENVIRONMENT_BYTES}. ` +
      'Shorten its variables, or declare the consumer with "freshness": "expire".',
  );
}

/** Moving the alias must change nothing but our variable. */
function refuseAlias(latest: ObservedFunction, alias: ObservedAlias): void {
  if (alias.isWeighted) {
    throw new RecycleRefused(
      `${latest.name}: alias ${alias.name} has weighted routing, a deployment in progress. Recycle after it, or declare the consumer with "freshness": "expire".`,
    );
  }
  if (latest.fingerprint === alias.version.fingerprint) return;
  throw new RecycleRefused(
    `${latest.name}: $LATEST is not the code and configuration of alias ${alias.name} (version ${alias.functionVersion}); moving the alias would deploy it. ` +
      'Publish and move the alias yourself, or declare the consumer with "freshness": "expire".',
  );
}

function recycledVersion(observed: ObservedFunction): string | undefined {
  return 'variables' in observed.environment ? observed.environment.variables[RECYCLE_VARIABLE] : undefined;
}
