import { setTimeout as wait } from 'node:timers/promises';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Cloud } from '../../../packages/laptop/cloud.ts';
import type { EventSink, RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import createLambdaService, { type LambdaService } from '../../../packages/laptop/services/lambda/service.ts';
import createSecretsManagerService from '../../../packages/laptop/services/secretsmanager/service.ts';
import createSsmService from '../../../packages/laptop/services/ssm/service.ts';
import createStatesService, { type StatesService } from '../../../packages/laptop/services/states/service.ts';
import type { Execution } from '../../../packages/laptop/services/states/state.ts';
import { parse } from '../../../pipeline/contracts/parse.ts';
import { Report } from '../../../pipeline/contracts/report.ts';
import { lookAtParameter } from '../../../pipeline/propagation/look-at-parameter.ts';
import { mirrorSecret } from '../../../pipeline/propagation/mirror-secret.ts';
import { recycleConsumer } from '../../../pipeline/propagation/recycle-consumer.ts';
import { type Propagation, syncParameter } from '../../../pipeline/propagation/sync-parameter.ts';
import { composeReport } from '../../../pipeline/reports/report.ts';
import { publish } from '../../../pipeline/reports/story.ts';
import { clientConfig } from '../../packages/consumer/laptop.ts';
import { asPerson, startLaptop } from '../../packages/laptop/services/lambda/laptop.ts';
import { Killed } from '../../pipeline/rotators/native-rotation.ts';
import { definitionText, substituted } from '../../statemachines/definitions.ts';
import { ProcessFaults } from './process-faults.ts';
import { SteppingClock } from './stepping-clock.ts';

export const SETTINGS_PREFIX = '/keyturn/proof';
/** Longer than the wait between two looks at a function, so that it is looked at while it is being changed. */
const UPDATE_MILLISECONDS = 3_000;

/**
 * `propagate-secret` as it is deployed, on the laptop's Step Functions, Lambda, Secrets Manager and Parameter Store. Its
 * functions run in this process, each call of theirs can be attacked, and time passes when nothing else is going on.
 */
export class PropagationWorld {
  readonly clock = new SteppingClock(new Date('2026-03-01T00:00:00Z'));
  readonly faults = new ProcessFaults();
  /** Functions by name, beside those that Lambda holds. */
  readonly functions = new Map<string, (event: any) => Promise<unknown>>();
  /** What was put on the bus. */
  readonly told: { type: string; detail: any; at: Date }[] = [];
  /** What was said and was not so. */
  readonly lies: string[] = [];
  /** Hears each answer of a function of ours. */
  onAnswer: ((name: string, event: any, answer: any) => void) | undefined;
  /** Hears that an invocation failed. */
  onFailure: (() => void) | undefined;
  cloud!: RunningCloud;
  machineArn = '';
  awaitingArn = '';
  rotateSecretArn = '';
  #busy = 0;

  static async open(): Promise<PropagationWorld> {
    const world = new PropagationWorld();
    world.cloud = await startLaptop({
      clock: world.clock,
      random: () => 0.5,
      services: [
        (cloud) => world.#lambda(cloud),
        () => world.#events(),
        createSecretsManagerService,
        createSsmService,
        createStatesService,
      ],
      settings: {
        functionUpdateMilliseconds: { least: UPDATE_MILLISECONDS, most: UPDATE_MILLISECONDS },
        eventsDuplicatedRate: 0,
      },
    });
    await world.#makeMachine();
    world.#deploy();
    return world;
  }

  person(service: string, operation: string, input: object): Promise<any> {
    return asPerson(this.cloud, service, operation, input);
  }

  get lambda() {
    return this.cloud.service<LambdaService>('lambda').lambda;
  }

  start(input: Propagation): Promise<Execution> {
    return this.begin(this.machineArn, input);
  }

  async begin(stateMachineArn: string, input: object): Promise<Execution> {
    const request = { stateMachineArn, input: JSON.stringify(input) };
    const { executionArn } = await this.person('states', 'StartExecution', request);
    return this.cloud.service<StatesService>('states').executions.byArn.get(executionArn) as Execution;
  }

  executions(): Execution[] {
    return [...this.cloud.service<StatesService>('states').executions.byArn.values()];
  }

  /** Stops whatever runs, as if the pipeline were taken away. */
  stopAll(): void {
    const { executions } = this.cloud.service<StatesService>('states');
    for (const execution of this.executions()) executions.stop(execution);
  }

  /** Waits for the end of a propagation and of the execution that watches its consumers; answers what both say. */
  async converged(execution: Execution): Promise<{ output: any; awaited: any }> {
    const output = await this.ended(execution);
    const { versionId, promotedAt } = JSON.parse(execution.input);
    const awaiting = this.executions().find(({ machine, input }) => {
      const watched = JSON.parse(input);
      return machine.arn === this.awaitingArn && watched.versionId === versionId && watched.promotedAt === promotedAt;
    });
    return { output, awaited: awaiting && (await this.ended(awaiting)) };
  }

  /** Lets time pass whenever nobody is at work, until the condition holds. */
  async passTime(until: () => boolean): Promise<void> {
    const deadline = Date.now() + 30_000;
    for (let quiet = 0; !until(); quiet = this.#busy === 0 ? quiet + 1 : 0) {
      if (Date.now() > deadline) throw new Error('It did not come to an end.');
      await wait(0);
      if (quiet < 2) continue;
      await this.clock.step();
      quiet = 0;
    }
  }

  async ended(execution: Execution): Promise<any> {
    await this.passTime(() => execution.status !== 'RUNNING');
    return execution.output && JSON.parse(execution.output);
  }

  close(): Promise<void> {
    return this.cloud.close();
  }

  /** Lambda, which runs the functions of this process for it; provisioned environments stand without being started. */
  #lambda(cloud: Cloud): LambdaService {
    const service = createLambdaService(cloud);
    service.lambda.runner.provision = async (_snapshot, requested) => requested;
    const handle = (input: { FunctionName: string; Payload: Uint8Array }) => {
      const name = input.FunctionName.split(':')[6] as string;
      return this.#invoke(name, JSON.parse(Buffer.from(input.Payload).toString('utf8')));
    };
    const operations = { ...service.operations, Invoke: { ...service.operations.Invoke, handle } };
    return { ...service, operations };
  }

  #events(): EventSink {
    return {
      name: 'events',
      schemas: () => import('@aws-sdk/client-eventbridge') as Promise<Record<string, unknown>>,
      operations: {
        PutEvents: {
          handle: ({ Entries }: { Entries: { DetailType: string; Detail: string }[] }) => {
            for (const { DetailType, Detail } of Entries) {
              this.told.push({ type: DetailType, detail: JSON.parse(Detail), at: this.clock.now() });
            }
            return { FailedEntryCount: 0, Entries: Entries.map(() => ({ EventId: 'accepted' })) };
          },
        },
      },
      reset() {},
      // Nobody here listens to the events of AWS's services.
      acceptServiceEvent() {},
    };
  }

  /** As Lambda answers for the function, whatever becomes of its process. */
  async #invoke(name: string, event: unknown): Promise<object> {
    const run = this.functions.get(name);
    if (!run) throw new Error(`There is no function ${name}.`);
    this.#busy += 1;
    try {
      return await this.faults.meet({ name: `invoke ${name}`, target: 'invocation' }, () =>
        this.#run(name, run, event),
      );
    } catch (error) {
      this.onFailure?.();
      throw error;
    } finally {
      this.#busy -= 1;
    }
  }

  async #run(name: string, run: (event: unknown) => Promise<unknown>, event: unknown): Promise<object> {
    try {
      const answer = await this.faults.inProcess(() => run(event));
      this.onAnswer?.(name, event, answer);
      return { StatusCode: 200, Payload: Buffer.from(JSON.stringify(answer ?? null)) };
    } catch (error) {
      this.onFailure?.();
      const { name: errorName, message } = error as Error;
      const errorType = error instanceof Killed ? 'Runtime.ExitError' : errorName;
      const Payload = Buffer.from(JSON.stringify({ errorType, errorMessage: message, trace: [] }));
      return { StatusCode: 200, FunctionError: 'Unhandled', Payload };
    }
  }

  async #makeMachine(): Promise<void> {
    const document = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    const trust = { Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' };
    const { Role } = await this.person('iam', 'CreateRole', {
      RoleName: 'machine',
      AssumeRolePolicyDocument: document(trust),
    });
    await this.person('iam', 'PutRolePolicy', {
      RoleName: 'machine',
      PolicyName: 'tasks',
      PolicyDocument: document({
        Effect: 'Allow',
        Action: ['lambda:*', 'states:*', 'secretsmanager:DescribeSecret'],
        Resource: '*',
      }),
    });
    const make = async (name: string, of: string) => {
      const input = { name, roleArn: Role.Arn, definition: substituted(definitionText(of)) };
      return (await this.person('states', 'CreateStateMachine', input)).stateMachineArn as string;
    };
    // By the name that stands in the others' definitions for its ARN.
    this.awaitingArn = await make('AwaitConvergenceStateMachineArn', 'await-convergence');
    this.machineArn = await make('PropagateSecretStateMachineArn', 'propagate-secret');
    this.rotateSecretArn = await make('rotate-secret', 'rotate-secret');
  }

  /** What the handlers do, with clients that are attacked. */
  #deploy(): void {
    const config = clientConfig(this.cloud);
    const lambda = this.faults.around(new LambdaClient(config), 'lambda');
    const events = this.faults.around(new EventBridgeClient(config), 'events');
    const ssm = this.faults.around(new SSMClient(config), 'parameters');
    const states = this.faults.around(new SFNClient(config), 'executions');
    const secretsIn = (region: string) =>
      this.faults.around(new SecretsManagerClient({ ...config, region }), 'secrets');
    const mirroring = { secretsManager: secretsIn(this.cloud.region), ssm, secretsManagerIn: secretsIn };
    this.functions.set('RecycleConsumerFunctionArn', ({ secretArn, promotedAt, since, ...request }) => {
      const times = { promotedAt: new Date(promotedAt), since: new Date(since) };
      return recycleConsumer(lambda, { ...request, itemArn: secretArn, ...times }, this.clock.now());
    });
    this.functions.set('MirrorSecretFunctionArn', (event) => mirrorSecret(mirroring, event));
    this.functions.set('ReportFunctionArn', async (event) => {
      const telling = composeReport(parse('The report', Report, event), this.clock.now());
      for (const one of telling.events) await publish(events, 'keyturn', one);
      return telling.outcome;
    });
    this.functions.set('LookAtParameter', (event) => lookAtParameter(ssm, event));
    this.functions.set('SyncParameter', (event) =>
      syncParameter(
        {
          ssm,
          states,
          settingsPrefix: SETTINGS_PREFIX,
          propagateSecretArn: this.machineArn,
          lookAtParameterFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:LookAtParameter`,
        },
        event,
      ),
    );
  }
}
