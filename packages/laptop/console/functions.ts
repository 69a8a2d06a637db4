import type { EnvironmentRecord } from '../environments/pool.ts';
import type { RunningCloud } from '../running-cloud.ts';
import type { LambdaService } from '../services/lambda/service.ts';
import type { LambdaFunction } from '../services/lambda/state.ts';
import type { EnvironmentTrail } from './environment-trail.ts';
import type { SecretReads } from './secret-reads.ts';

export interface FunctionView {
  readonly name: string;
  readonly arn: string;
  readonly description: string;
  readonly runtime: string;
  readonly revisionId: string;
  readonly isUpdating: boolean;
  readonly publishedVersions: number;
  readonly aliases: readonly { readonly name: string; readonly version: string }[];
  readonly environments: readonly EnvironmentView[];
  /** Those that ended within the last minutes, the last first. */
  readonly ended: readonly EnvironmentView[];
}

export interface Watch {
  readonly reads: SecretReads;
  readonly trail: EnvironmentTrail;
}

interface EnvironmentView {
  readonly id: string;
  readonly version: string;
  /** Whether it runs the configuration that new requests get. */
  readonly isLatestConfiguration: boolean;
  readonly configurationRevision: string;
  readonly state: string;
  readonly since: Date;
  readonly requestsServed: number;
  readonly isProvisioned: boolean;
  readonly reads: readonly { readonly secretArn: string; readonly versionId: string; readonly at: string }[];
}

/** Functions by name with their environments; all of them, or those whose ARN is named. */
export function listFunctions(cloud: RunningCloud, watch: Watch, only?: ReadonlySet<string>): FunctionView[] {
  const service = cloud.services.get('lambda') as LambdaService | undefined;
  if (!service) return [];
  return service.lambda.state
    .all()
    .filter((fn) => only === undefined || only.has(fn.arn))
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((fn) => viewOf(fn, service, watch));
}

function viewOf(fn: LambdaFunction, service: LambdaService, { reads, trail }: Watch): FunctionView {
  const { snapshot, revisionId, updating } = fn.latest;
  const current = (version: string) =>
    version === '$LATEST' ? snapshot.configurationRevision : fn.versions.get(version)?.snapshot.configurationRevision;
  const environment = (one: EnvironmentRecord): EnvironmentView => ({
    id: one.id,
    version: one.version,
    isLatestConfiguration: current(one.version) === one.configurationRevision,
    configurationRevision: one.configurationRevision,
    state: one.state,
    since: one.since,
    requestsServed: one.requestsServed,
    isProvisioned: one.initializationType === 'provisioned-concurrency',
    reads: reads.of(one.id),
  });
  return {
    name: fn.name,
    arn: fn.arn,
    description: snapshot.settings.description,
    runtime: snapshot.settings.runtime,
    revisionId,
    isUpdating: updating !== undefined,
    publishedVersions: fn.versions.size,
    aliases: [...fn.aliases.values()].map(({ name, functionVersion }) => ({ name, version: functionVersion })),
    environments: service
      .environments()
      .filter((one) => one.functionArn === fn.arn)
      .sort((a, b) => a.id.localeCompare(b.id))
      .map(environment),
    ended: trail.endedOf(fn.arn).map(environment),
  };
}
