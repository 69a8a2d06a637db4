import { RecycleRefused } from './errors.ts';
import { hasMark, RECYCLE_VARIABLE, type RecycledItem, withMark } from './recycle-mark.ts';

/** Lambda's limit for all variables together. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const ENVIRONMENT_BYTES = 4_096;

/** A function's $LATEST, or one of its versions, as far as recycling looks at it. */
export interface ObservedFunction {
  readonly name: string;
  /** `$LATEST`, or a number. */
  readonly version: string;
  readonly revisionId: string;
  readonly description: string;
  readonly state: 'Pending' | 'Active' | 'Inactive' | 'Failed';
  readonly lastUpdateStatus: 'InProgress' | 'Successful' | 'Failed';
  readonly reason: string | undefined;
  readonly environment: { variables: Readonly<Record<string, string>> } | { error: string };
  readonly timeoutSeconds: number;
  /** Code and configuration without our variable, in a form that can be compared. */
  readonly fingerprint: string;
}

export interface ObservedAlias {
  readonly name: string;
  readonly revisionId: string;
  readonly isWeighted: boolean;
  /** The version that the alias points to. */
  readonly version: ObservedFunction;
}

export type ProvisionedConcurrencyStatus = 'READY' | 'IN_PROGRESS' | 'FAILED';

/** What is left to do with $LATEST. */
export type LatestAction =
  | { action: 'update'; variables: Record<string, string>; revisionId: string }
  | { action: 'wait'; reason: string }
  | { action: 'done'; timeoutSeconds: number };

/**
 * The next step for $LATEST, from what is seen now. Pure; asked again after each step, so a recycle that was killed goes
 * on.
 * 1. The function is being made, or an update is in progress, ours or another process's: wait.
 * 2. Its last update failed: Lambda runs the one before it, and nothing of ours would arrive.
 * 3. It has our value: done.
 * 4. Otherwise update, or refuse what would change more than our variable.
 */
export function nextLatestAction(item: RecycledItem, latest: ObservedFunction): LatestAction {
  if (latest.state === 'Pending') return { action: 'wait', reason: `${latest.name} is being created` };
  if (latest.lastUpdateStatus === 'InProgress') {
    return { action: 'wait', reason: `an update of ${latest.name} is in progress` };
  }
  if (latest.state === 'Failed' || latest.lastUpdateStatus === 'Failed') {
    const what = latest.state === 'Failed' ? 'it cannot run' : 'its last update failed';
    throw new RecycleRefused(
      `${latest.name}: ${what} (${latest.reason ?? 'no reason given'}). Fix the function, or declare it with "freshness": "expire".`,
    );
  }
  if (isRecycled(item, latest)) return { action: 'done', timeoutSeconds: latest.timeoutSeconds };
  return { action: 'update', variables: nextVariables(item, latest), revisionId: latest.revisionId };
}

export function isRecycled(item: RecycledItem, observed: ObservedFunction): boolean {
  const { environment } = observed;
  return 'variables' in environment && hasMark(environment.variables[RECYCLE_VARIABLE], item);
}

/**
 * Moving the alias must change nothing but our variable.
 * @throws RecycleRefused with what to do instead
 */
export function refuseAlias(latest: ObservedFunction, alias: ObservedAlias): void {
  if (alias.isWeighted) {
    throw new RecycleRefused(
      `${latest.name}: alias ${alias.name} has weighted routing, a deployment in progress. Recycle after it, or declare the consumer with "freshness": "expire".`,
    );
  }
  if (latest.fingerprint === alias.version.fingerprint) return;
  throw new RecycleRefused(
    `${latest.name}: $LATEST is not the code and configuration of alias ${alias.name} (version ${alias.version.version}); moving the alias would deploy it. ` +
      'Publish and move the alias yourself, or declare the consumer with "freshness": "expire".',
  );
}

function nextVariables(item: RecycledItem, latest: ObservedFunction): Record<string, string> {
  if ('error' in latest.environment) {
    throw new RecycleRefused(
      `${latest.name}: its environment variables cannot be read (${latest.environment.error}), and writing them back would lose them. ` +
        'Grant kms:Decrypt on their key, or declare the consumer with "freshness": "expire".',
    );
  }
  const { variables: before } = latest.environment;
  const variables = { ...before, [RECYCLE_VARIABLE]: withMark(before[RECYCLE_VARIABLE], item) };
  const bytes = Buffer.byteLength(JSON.stringify(variables));
  if (bytes <= ENVIRONMENT_BYTES) return variables;
  throw new RecycleRefused(
    `${latest.name}: its environment would have ${bytes} bytes with ${RECYCLE_VARIABLE}, more than Lambda's ${ENVIRONMENT_BYTES}. ` +
      'Shorten its variables, or declare the consumer with "freshness": "expire".',
  );
}

const OURS = 'Keyturn: recycled';

/** Marks the versions that recycling published, so that only ours are pruned, and names the one before. */
export function describeVersion(before: ObservedFunction): string {
  return `${OURS} after version ${before.version}`;
}

/** The version that one of ours took the place of; undefined for a version that another process published. */
export function versionBefore(description: string): string | undefined {
  return description.match(/^Keyturn: recycled after version (\d+)$/)?.[1];
}

export const isOurs = (description: string): boolean => description.startsWith(OURS);
