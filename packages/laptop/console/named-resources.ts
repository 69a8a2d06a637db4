import type { RunningCloud } from '../running-cloud.ts';
import type { SecretsManagerService } from '../services/secretsmanager/service.ts';
import type { Secret } from '../services/secretsmanager/state.ts';
import type { Execution } from '../services/states/state.ts';

export interface SecretView {
  readonly arn: string;
  readonly name: string;
  readonly versions: readonly { readonly versionId: string; readonly stages: readonly string[] }[];
  readonly lastRotatedAt?: Date;
  readonly nextRotationAt?: Date;
  readonly rotationFunctionArn?: string;
  /** The four steps of the rotation that runs or ran last. */
  readonly steps: readonly unknown[];
}

export interface NamedResources {
  readonly secrets: readonly SecretView[];
  readonly functionArns: readonly string[];
}

const FUNCTION = /arn:aws:lambda:[a-z0-9-]+:\d{12}:function:([A-Za-z0-9_-]+)/g;
const SECRET = /arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+/g;

interface Scan {
  events: number;
  readonly secretArns: Set<string>;
  readonly functionArns: Set<string>;
}

/** Histories only grow: each event is looked through once. */
const scans = new WeakMap<Execution, Scan>();

/** The secrets and functions whose ARNs the data of an execution name: what else there is to watch while it runs. */
export function namedResources(cloud: RunningCloud, execution: Execution): NamedResources {
  const { secretArns, functionArns } = scan(execution);
  const secretsManager = cloud.services.get('secretsmanager') as SecretsManagerService | undefined;
  if (!secretsManager) return { secrets: [], functionArns: [...functionArns] };
  const region = execution.arn.split(':')[3] as string;
  const found = [...secretArns].flatMap((arn) => secretsManager.state.find(region, arn) ?? []);
  const secrets = [...new Set<Secret>(found)];
  const rotating = secrets.flatMap((secret) => secret.rotationLambdaArn ?? []);
  return {
    secrets: secrets.map((secret) => viewOf(secret, secretsManager)),
    functionArns: [...new Set([...functionArns, ...rotating])],
  };
}

function scan(execution: Execution): Scan {
  const known = scans.get(execution) ?? { events: 0, secretArns: new Set(), functionArns: new Set() };
  scans.set(execution, known);
  const events = execution.history.slice(known.events);
  const text = [execution.input, ...events.map((event) => JSON.stringify(event))].join('\n');
  for (const [arn] of text.matchAll(SECRET)) known.secretArns.add(arn);
  for (const [arn] of text.matchAll(FUNCTION)) known.functionArns.add(arn);
  known.events = execution.history.length;
  return known;
}

/** Labels and dates. Values stay where they are. */
function viewOf(secret: Secret, service: SecretsManagerService): SecretView {
  return {
    arn: secret.arn,
    name: secret.name,
    versions: [...secret.versions.values()]
      .filter(({ stages }) => stages.size > 0)
      .map(({ versionId, stages }) => ({ versionId, stages: [...stages].sort() })),
    ...(secret.lastRotatedAt && { lastRotatedAt: secret.lastRotatedAt }),
    ...(secret.nextRotationAt && { nextRotationAt: secret.nextRotationAt }),
    ...(secret.rotationLambdaArn && { rotationFunctionArn: secret.rotationLambdaArn }),
    steps: service.rotation.steps(secret.arn),
  };
}
