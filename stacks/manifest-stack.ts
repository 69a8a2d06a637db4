import { Duration, type Environment, Stack, type StackProps, TimeZone, Token } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { KeyturnError } from '../pipeline/contracts/errors.ts';
import type { CheckSchedule } from '../pipeline/contracts/manifest/entries/manifest-part-types.ts';
import { scheduleSettings } from '../pipeline/contracts/manifest/entries/manifest-schedule.ts';
import type {
  ManifestSecret,
  RotatedManifestSecret,
  WatchedManifestSecret,
} from '../pipeline/contracts/manifest/entries/manifest-secret-types.ts';
import type { Manifest } from '../pipeline/contracts/manifest/manifest-types.ts';
import { deployedKindOf } from './kinds.ts';
import { checkProps, consumerSettings, mirrorSettings } from './manifest/declared-consumers.ts';
import { importNetwork } from './manifest/import-network.ts';
import { resolveSecret } from './manifest/resolve-references.ts';
import { RotationSchedules, type ScheduledSecret } from './manifest/rotation-schedules.ts';
import { RotatedSecret } from './rotated-secret.ts';
import { RotationPipeline } from './rotation-pipeline.ts';
import { WatchedParameter } from './watched-parameter.ts';
import { WatchedSecret } from './watched-secret.ts';

export interface ManifestStackProps extends StackProps {
  /** As `readManifest` answers it. */
  readonly manifest: Manifest;
}

/**
 * A pipeline and everything that one manifest names, for people who have no CDK app of their own: docs/manifest.md.
 *
 * @example
 * ```ts
 * import { App } from 'aws-cdk-lib';
 * import { ManifestStack, readManifest } from 'keyturn';
 *
 * new ManifestStack(new App(), 'Keyturn', { manifest: readManifest('keyturn.json') });
 * ```
 */
export class ManifestStack extends Stack {
  /** For what the manifest does not say: a subscription to its alarms, say. */
  readonly pipeline: RotationPipeline;
  readonly #scheduled: ScheduledSecret[] = [];

  constructor(scope: Construct, id: string, { manifest, ...props }: ManifestStackProps) {
    super(scope, id, { stackName: manifest.pipeline, ...props, env: placeOfStack(manifest, props.env) });
    this.pipeline = new RotationPipeline(this, 'Pipeline', {
      pipelineName: manifest.pipeline,
      crossAccount: manifest.crossAccount,
      databaseNetwork: importNetwork(this, manifest.network),
      requesters: manifest.requesters,
      allowByEvent: manifest.allowByEvent,
      forwardStory: manifest.forwardStory,
    });
    for (const [name, entry] of Object.entries(manifest.secrets)) {
      if (entry.kind === 'watched') this.#watch(name, entry);
      else this.#rotate(name, entry);
    }
    for (const [parameterName, { consumers }] of Object.entries(manifest.parameters)) {
      const watched = { pipeline: this.pipeline, parameterName, consumers: consumerSettings(this, consumers) };
      new WatchedParameter(this, `Parameter-${parameterName.replaceAll('/', ':')}`, watched);
    }
    new RotationSchedules(this, 'Schedules', { pipeline: this.pipeline, secrets: this.#scheduled });
  }

  #rotate(name: string, entry: RotatedManifestSecret): void {
    const { secret, secretName } = resolveSecret(this, name, entry);
    const kind = deployedKindOf(entry);
    new RotatedSecret(this, `Rotation-${name}`, {
      pipeline: this.pipeline,
      secretName,
      secret,
      kind: entry.kind,
      ...kind.rotatorProps(this, name, entry),
      nativeInterval: Duration.days(entry.nativeIntervalDays),
      gracePeriod: Duration.seconds(entry.gracePeriodSeconds),
      promotionTimeout: Duration.seconds(entry.promotionTimeoutSeconds),
      evidenceInterval: Duration.seconds(entry.evidenceIntervalSeconds),
      rollBackHandPutValues: entry.rollBackHandPutValues,
      group: entry.group,
      checkSchedule: entry.checkSchedule && checkSchedule(entry.checkSchedule),
      sharedSchedule: entry.schedule === 'native' ? undefined : scheduleSettings(entry.schedule),
      ...this.#declared(entry),
    });
    kind.grantTarget?.(this.pipeline.rotationFunction(entry.kind), entry);
    kind.publish?.(this, name, secret, entry);
    if (entry.schedule === 'native') return;
    const { schedule, group } = entry;
    this.#scheduled.push({ name: secretName, secretArn: secret.secretArn, schedule, group });
  }

  #watch(name: string, entry: WatchedManifestSecret): void {
    const resolved = resolveSecret(this, name, entry);
    const declared = this.#declared(entry);
    new WatchedSecret(this, `Watch-${name}`, { pipeline: this.pipeline, ...resolved, ...declared });
  }

  #declared(entry: ManifestSecret) {
    return {
      consumers: consumerSettings(this, entry.consumers),
      checks: checkProps(this, entry),
      mirrors: mirrorSettings(entry.mirrors),
    };
  }
}

class StackElsewhere extends KeyturnError {
  readonly code = 'StackElsewhere';
}

/** The CDK refuses to deploy a stack to another account than its own, so that an ARN of the manifest is never a stranger's. */
function placeOfStack(manifest: Manifest, env: Environment = {}): Environment {
  for (const key of ['account', 'region'] as const) {
    const [said, given] = [manifest[key], env[key]];
    if (said === undefined || given === undefined || Token.isUnresolved(given) || given === said) continue;
    throw new StackElsewhere(
      `The manifest belongs to ${key} ${said}, by its "${key}" or by the ARNs that it names, and the stack goes to ${given}. ` +
        `Write "${key}": "${given}" and ARNs of there, or another env of the stack.`,
    );
  }
  return { account: manifest.account ?? env.account, region: manifest.region ?? env.region };
}

function checkSchedule({ expression, timeZone }: CheckSchedule): scheduler.ScheduleExpression {
  return scheduler.ScheduleExpression.expression(expression, TimeZone.of(timeZone));
}
