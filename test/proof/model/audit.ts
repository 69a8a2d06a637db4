import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { findDrift } from '../../../pipeline/audit/find-drift.ts';
import { observeSecret } from '../../../pipeline/audit/observe-secret.ts';
import { type Repairer, repairDrift } from '../../../pipeline/audit/repair-drift.ts';
import type { Finding } from '../../../pipeline/contracts/audit.ts';
import type { SecretSettings } from '../../../pipeline/contracts/settings/secret.ts';
import type { Laptop, Managed } from '../../pipeline/rotators/native-rotation.ts';

/** A row of the history, which is a projection of events: any may be missing. */
export interface Row {
  readonly at: Date;
  readonly type: string;
  readonly versionId?: string;
  readonly restoredVersionId?: string;
  readonly path?: string;
}

/** What is around the secret that an audit asks: the history, when it came into our care, whether an execution retires. */
export interface Surroundings {
  readonly laptop: Laptop;
  readonly secret: Managed;
  readonly settings: SecretSettings;
  readonly managedSince: Date;
  readonly rows: readonly Row[];
  isRetiring(versionId: string): boolean;
  /** What happens while the audit waits for a retirement to close; nothing if it is not said. */
  whileItWaits?(): Promise<void>;
  /** An execution that a repair started, by the machine's name. */
  started(machine: string, input: any): Promise<void>;
}

/** As Lambda answers for the rotation function. */
async function invoked({ secret }: Surroundings, payload: Uint8Array): Promise<object> {
  const answered = (value: unknown) => Buffer.from(JSON.stringify(value ?? null));
  try {
    return { Payload: answered(await secret.invoke(JSON.parse(Buffer.from(payload).toString('utf8')))) };
  } catch (error) {
    const { name: errorType, message: errorMessage } = error as Error;
    return { FunctionError: 'Unhandled', Payload: answered({ errorType, errorMessage }) };
  }
}

const lambdaOf = (around: Surroundings) => ({
  send: (command: { input: { Payload: Uint8Array } }) => invoked(around, command.input.Payload) as never,
});

/** The audit's own look at one secret, and its judgement. */
export async function audit(around: Surroundings): Promise<Finding[]> {
  const { laptop, settings, managedSince, rows } = around;
  const Items = [...rows].reverse().map(({ at, type, ...detail }) => ({
    sk: { S: `${at.toISOString()}#${type}` },
    type: { S: type },
    detail: { S: JSON.stringify(detail) },
  }));
  const observed = await observeSecret(
    {
      secretsManager: laptop.secrets,
      ssm: { send: async () => ({ Parameters: [{ LastModifiedDate: managedSince }] }) } as never,
      dynamodb: { send: async () => ({ Items }) } as never,
      lambda: lambdaOf(around) as never,
      settingsPrefix: '/keyturn/proof',
      historyTableName: 'history',
      compareMirrorFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:mirror',
      verifyFunctionArns: { [settings.kind]: 'arn:aws:lambda:us-east-1:000000000000:function:verify' },
      running: { isRotating: () => false, isRetiring: (versionId) => around.isRetiring(versionId) },
      sleep: async () => around.whileItWaits?.(),
      now: () => laptop.clock.now(),
    },
    settings,
  );
  return findDrift(observed, laptop.clock.now());
}

/** Carries a finding's repair out as whoever asked for it, and the executions that it starts. */
export async function repair(around: Surroundings, finding: Finding): Promise<void> {
  const starts: { machine: string; input: any }[] = [];
  const repairer: Repairer = {
    secretsManager: around.laptop.secrets,
    states: {
      send: async (command: { input: { stateMachineArn: string; input: string } }) => {
        if (command instanceof DescribeExecutionCommand) return { status: 'SUCCEEDED' };
        const { input } = command;
        const asked = JSON.parse(input.input);
        // Waited for, as the only kind of execution.
        if (asked.operation === 'repair') await around.started(input.stateMachineArn, asked);
        else starts.push({ machine: input.stateMachineArn, input: asked });
        return { executionArn: 'arn:aws:states:us-east-1:000000000000:execution:repair' };
      },
    } as never,
    machines: { rotateSecretArn: 'rotate', retireCredentialArn: 'retire', propagateSecretArn: 'propagate' },
    now: () => around.laptop.clock.now(),
  };
  await repairDrift(repairer, finding, around.settings);
  for (const { machine, input } of starts) await around.started(machine, input);
}
