import { createHash } from 'node:crypto';
import { type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { GetParametersCommand, type SSMClient } from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { parse } from '../contracts/parse.ts';
import { declarableNames, ParameterSettings, parameterSettingsName } from '../contracts/settings/parameter.ts';
import type { ConsumerSettings, MirrorSettings } from '../contracts/settings/secret.ts';
import { isNamed } from '../errors.ts';
import { type ParameterVersion, readVersion } from './look-at-parameter.ts';

const text = v.pipe(v.string(), v.nonEmpty());

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-cwe.html */
export const ParameterChange = v.object({
  id: text,
  source: v.literal('aws.ssm'),
  'detail-type': v.literal('Parameter Store Change'),
  time: v.pipe(v.string(), v.isoTimestamp()),
  resources: v.pipe(v.array(v.pipe(v.string(), v.startsWith('arn:'))), v.minLength(1)),
  detail: v.object({
    operation: v.picklist(['Create', 'Update', 'Delete', 'LabelParameterVersion']),
    name: text,
  }),
});
export type ParameterChange = v.InferOutput<typeof ParameterChange>;

/** The input of `propagate-secret`. */
export interface Propagation {
  readonly secretArn: string;
  readonly secretName: string;
  readonly versionId: string;
  readonly promotedAt: string;
  readonly consumers: ConsumerSettings[];
  readonly mirrors: MirrorSettings[];
  /** Of a parameter: the function that `await-convergence` asks for the version that is there now. */
  readonly parameterFunctionArn?: string;
}

export interface SyncDependencies {
  readonly ssm: SSMClient;
  readonly states: SFNClient;
  readonly settingsPrefix: string;
  readonly propagateSecretArn: string;
  /** The function that answers which version is there, for executions that wait. */
  readonly lookAtParameterFunctionArn: string;
}

export type SyncOutcome = { started: true; executionName: string } | { started: false; reason: string };

/**
 * Brings a change of a parameter to the consumers that are declared for it. Events may come twice, late or in another
 * order: what is propagated is the version that is there now, by an execution named after it. May be called twice.
 * @throws InputInvalid | what AWS answers; EventBridge then tries again
 */
export async function syncParameter(dependencies: SyncDependencies, event: unknown): Promise<SyncOutcome> {
  const change = parse('The event of Parameter Store', ParameterChange, event);
  const { name, operation } = change.detail;
  if (operation === 'Delete')
    return { started: false, reason: `${name} was deleted: there is no value to bring along` };
  const consumers = await declaredConsumers(dependencies, name);
  if (consumers.length === 0) return { started: false, reason: `no consumer is declared for ${name}` };
  const current = await readVersion(dependencies.ssm, name);
  if (!current) return { started: false, reason: `${name} has been deleted meanwhile` };
  const propagation = {
    ...planPropagation(change, current, consumers),
    parameterFunctionArn: dependencies.lookAtParameterFunctionArn,
  };
  const executionName = nameExecution(propagation);
  await start(dependencies, executionName, propagation);
  return { started: true, executionName };
}

/** An event's time is cut off to whole seconds. */
const EVENT_TIME_MILLISECONDS = 1_000;

/**
 * Pure. A label that moved changes what its readers see while the version number and its date stay: such a change has the
 * event's id in its version, so that no reader takes it for one that is there already, and counts from the event.
 */
export function planPropagation(
  change: ParameterChange,
  current: ParameterVersion,
  consumers: ConsumerSettings[],
): Propagation {
  const isLabel = change.detail.operation === 'LabelParameterVersion';
  return {
    secretArn: change.resources[0] as string,
    secretName: change.detail.name,
    versionId: isLabel ? `${current.version}.label.${change.id.slice(0, 8)}` : String(current.version),
    promotedAt: (isLabel
      ? new Date(Date.parse(change.time) + EVENT_TIME_MILLISECONDS)
      : current.modifiedAt
    ).toISOString(),
    consumers,
    mirrors: [],
  };
}

/**
 * The same for each event of one version, and another one where a parameter was deleted and made anew, whose versions
 * begin at 1 again. https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
export function nameExecution({ secretArn, versionId, promotedAt }: Propagation): string {
  const item = createHash('sha256').update(secretArn).digest('hex').slice(0, 16);
  return `parameter-${item}-${versionId.replaceAll('.', '-')}-${Date.parse(promotedAt)}`;
}

/** Of the parameter itself and of every path that it is under; a consumer that is declared twice counts once. */
async function declaredConsumers(
  { ssm, settingsPrefix }: SyncDependencies,
  parameterName: string,
): Promise<ConsumerSettings[]> {
  const names = declarableNames(parameterName).map((name) => parameterSettingsName(settingsPrefix, name));
  const declared = new Map<string, ConsumerSettings>();
  // GetParameters takes ten names.
  for (let first = 0; first < names.length; first += 10) {
    const { Parameters } = await ssm.send(new GetParametersCommand({ Names: names.slice(first, first + 10) }));
    for (const { Name, Value } of Parameters ?? []) {
      const { consumers } = parse(`Settings parameter ${Name}`, ParameterSettings, JSON.parse(Value ?? ''));
      for (const consumer of consumers) {
        const key = `${consumer.functionArn} ${consumer.alias ?? ''}`;
        if (!declared.has(key)) declared.set(key, consumer);
      }
    }
  }
  return [...declared.values()];
}

async function start(
  { states, propagateSecretArn }: SyncDependencies,
  name: string,
  propagation: Propagation,
): Promise<void> {
  try {
    await states.send(
      new StartExecutionCommand({ stateMachineArn: propagateSecretArn, name, input: JSON.stringify(propagation) }),
    );
  } catch (error) {
    // The event came twice, or two changes followed each other so closely that both see the second.
    if (!isNamed(error, 'ExecutionAlreadyExists')) throw error;
  }
}
