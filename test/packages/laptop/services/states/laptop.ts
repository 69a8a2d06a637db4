import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import type { ServiceFactory } from '../../../../../packages/laptop/cloud.ts';
import { type CloudOptions, createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import { administrator } from '../../../../../packages/laptop/identity/principals.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createStatesService, { type StatesService } from '../../../../../packages/laptop/services/states/service.ts';
import type { Execution } from '../../../../../packages/laptop/services/states/state.ts';

const account = '000000000000';
export const roleArn = `arn:aws:iam::${account}:role/machine`;

/** A cloud with Step Functions, what it calls, and a role that machines may work as. */
export class StatesLaptop {
  readonly cloud: RunningCloud;
  readonly states: StatesService;
  #machines = 0;

  private constructor(cloud: RunningCloud) {
    this.cloud = cloud;
    this.states = cloud.service<StatesService>('states');
  }

  static async start(
    services: readonly ServiceFactory[] = [],
    options: CloudOptions = {},
    actions: string[] = ['*'],
  ): Promise<StatesLaptop> {
    const cloud = await createCloud({ log: () => {}, ...options, services: [createStatesService, ...services] });
    const laptop = new StatesLaptop(cloud);
    await laptop.role('machine', 'states.amazonaws.com', actions);
    return laptop;
  }

  async role(RoleName: string, service: string, actions: string[]): Promise<void> {
    const document = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    const trust = { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' };
    await this.call('iam', 'CreateRole', { RoleName, AssumeRolePolicyDocument: document(trust) });
    if (actions.length === 0) return;
    const PolicyDocument = document({ Effect: 'Allow', Action: actions, Resource: '*' });
    await this.call('iam', 'PutRolePolicy', { RoleName, PolicyName: 'tasks', PolicyDocument });
  }

  call(service: string, operation: string, input: unknown): Promise<any> {
    return this.cloud.call({ service, operation, input, principal: administrator(account) });
  }

  async create(states: object, more: object = {}): Promise<string> {
    this.#machines += 1;
    const definition = JSON.stringify({ QueryLanguage: 'JSONata', StartAt: Object.keys(states)[0], States: states });
    const input = { name: `machine-${this.#machines}`, definition, roleArn, ...more };
    return (await this.call('states', 'CreateStateMachine', input)).stateMachineArn;
  }

  /** The execution itself: its history can be looked at while it runs. */
  async begin(stateMachineArn: string, input: unknown = {}): Promise<Execution> {
    const request = { stateMachineArn, input: JSON.stringify(input) };
    const { executionArn } = await this.call('states', 'StartExecution', request);
    return this.states.executions.byArn.get(executionArn) as Execution;
  }

  async run(states: object, input: unknown = {}): Promise<Execution> {
    const execution = await this.begin(await this.create(states), input);
    await execution.ended;
    return execution;
  }
}

/** A clock at the beginning of 2026, which a test moves. */
export const manualClock = () => new ManualClock(new Date('2026-01-01T00:00:00Z'));

/** Waits, in real time, for what happens between two ticks of a manual clock. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('The condition did not come true within twenty seconds.');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export const lines = (execution: Execution) =>
  execution.history.map(({ id, previousEventId, type }) => `${id}<${previousEventId} ${type}`);

/** A service whose one operation does what a test says. */
export function answering(name: string, operation: string, answer: (input: any) => unknown): ServiceFactory {
  const clients: Record<string, () => Promise<unknown>> = {
    secretsmanager: () => import('@aws-sdk/client-secrets-manager'),
    sqs: () => import('@aws-sdk/client-sqs'),
  };
  return () => ({
    name,
    schemas: clients[name] as () => Promise<Record<string, unknown>>,
    operations: {
      [operation]: {
        access: () => [{ action: `${name}:${operation}`, resource: `arn:aws:${name}:us-east-1:${account}:thing` }],
        handle: answer,
      },
    },
    reset() {},
  });
}
