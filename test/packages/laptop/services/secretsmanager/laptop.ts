import { AwsError, type Principal, type Service, type ServiceFactory } from '../../../../../packages/laptop/cloud.ts';
import { type CloudOptions, createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import { administrator } from '../../../../../packages/laptop/identity/principals.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createSecretsManagerService, {
  type SecretsManagerService,
} from '../../../../../packages/laptop/services/secretsmanager/service.ts';

export interface StepEvent {
  readonly Step: string;
  readonly SecretId: string;
  readonly ClientRequestToken: string;
  readonly RotationToken: string;
}

export interface Sent {
  readonly source: string;
  readonly detailType: string;
  readonly resources: string[];
  readonly detail: { name: string; labelUpdated: string; versionId: string };
}

export interface Laptop {
  readonly cloud: RunningCloud;
  readonly service: SecretsManagerService;
  /** Rotation functions by ARN, run in this process; a rejection is the function's error. */
  readonly functions: Map<string, (event: StepEvent) => Promise<void> | void>;
  readonly events: Sent[];
  readonly log: string[];
  ask(operation: string, input: object, principal?: Principal): Promise<any>;
  /** The error of a call that must be refused. */
  refusal(operation: string, input: object, principal?: Principal): Promise<AwsError>;
  labels(secretId: string): Promise<Record<string, string[]>>;
}

export const rotatorArn = 'arn:aws:lambda:us-east-1:000000000000:function:rotator';

/** Secrets Manager with functions of the test's own and an open ear on the default bus; the rest of the hub is real. */
export async function startLaptop(options: CloudOptions = {}): Promise<Laptop> {
  const functions: Laptop['functions'] = new Map();
  const events: Sent[] = [];
  const log: string[] = [];
  const cloud = await createCloud({
    log: (line) => void log.push(line),
    services: [createSecretsManagerService, lambdaOf(functions), busTo(events)],
    settings: { eventsDuplicatedRate: 0, eventsLostRate: 0 },
    ...options,
  });
  const ask: Laptop['ask'] = (operation, input, principal = administrator(cloud.accountId)) =>
    cloud.call({ service: 'secretsmanager', operation, input, principal });
  return {
    cloud,
    service: cloud.service<SecretsManagerService>('secretsmanager'),
    functions,
    events,
    log,
    ask,
    async refusal(operation, input, principal) {
      try {
        await ask(operation, input, principal);
      } catch (error) {
        if (error instanceof AwsError) return error;
        throw error;
      }
      throw new Error(`${operation} should have been refused, and succeeded.`);
    },
    async labels(SecretId) {
      const { VersionIdsToStages = {} } = await ask('DescribeSecret', { SecretId });
      return Object.fromEntries(
        Object.entries<string[]>(VersionIdsToStages).map(([id, labels]) => [id, [...labels].sort()]),
      );
    },
  };
}

const everybody = {
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: '*', Action: 'lambda:InvokeFunction', Resource: '*' },
};

function lambdaOf(functions: Laptop['functions']): ServiceFactory {
  return (): Service => ({
    name: 'lambda',
    schemas: () => import('@aws-sdk/client-lambda') as Promise<Record<string, unknown>>,
    operations: {
      Invoke: {
        access: ({ FunctionName: resource }: { FunctionName: string }) => [
          { action: 'lambda:InvokeFunction', resource, ...(functions.has(resource) && { resourcePolicy: everybody }) },
        ],
        handle: async (input: { FunctionName: string; Payload?: Uint8Array }) => {
          const run = functions.get(input.FunctionName);
          if (!run) throw new AwsError('ResourceNotFoundException', `Function not found: ${input.FunctionName}`);
          try {
            await run(JSON.parse(new TextDecoder().decode(input.Payload)));
            return { StatusCode: 200 };
          } catch {
            return { StatusCode: 200, FunctionError: 'Unhandled' };
          }
        },
      },
    },
    reset() {},
  });
}

function busTo(events: Sent[]): ServiceFactory {
  return () =>
    ({
      name: 'events',
      schemas: async () => ({}),
      operations: {},
      reset() {},
      acceptServiceEvent: (event: Sent) => void events.push(event),
    }) as Service;
}

/** A rotation function by AWS's contract; `watch` is told each step before it is carried out, and may throw. */
export function rotatorFor(
  laptop: Laptop,
  watch: (event: StepEvent) => Promise<void> | void = () => {},
): (event: StepEvent) => Promise<void> {
  return async (event) => {
    await watch(event);
    const { Step, SecretId, ClientRequestToken: token, RotationToken } = event;
    if (Step === 'createSecret') {
      await laptop.ask('PutSecretValue', {
        SecretId,
        SecretString: `made for ${token}`,
        ClientRequestToken: token,
        RotationToken,
        VersionStages: ['AWSPENDING'],
      });
    }
    if (Step === 'finishSecret') {
      const current = Object.entries(await laptop.labels(SecretId)).find(([, labels]) => labels.includes('AWSCURRENT'));
      await laptop.ask('UpdateSecretVersionStage', {
        SecretId,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: token,
        RemoveFromVersionId: current![0],
      });
    }
  };
}
