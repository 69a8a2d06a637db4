import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { type Endpoint, eventually, openEndpoint, uniqueName } from './endpoint.ts';

export const written = (states: object, more: object = {}) =>
  JSON.stringify({ QueryLanguage: 'JSONata', StartAt: Object.keys(states)[0], States: states, ...more });

const document = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [statement] });

/** State machines of a test, with the role that they all work as; taken away with `close`. */
export class StateMachines {
  readonly endpoint: Endpoint;
  readonly states: SFNClient;
  readonly roleArn: string;
  readonly #iam: IAMClient;
  readonly #roleName: string;
  readonly #machines: string[] = [];

  private constructor(endpoint: Endpoint, iam: IAMClient, role: { name: string; arn: string }) {
    this.endpoint = endpoint;
    // StartSyncExecution goes to a host of its own (`sync-…`), which an endpoint by address does not have.
    this.states = endpoint.client(SFNClient, { disableHostPrefix: endpoint.url !== undefined });
    this.#iam = iam;
    this.#roleName = role.name;
    this.roleArn = role.arn;
  }

  static async open(actions: string[] = ['lambda:InvokeFunction']): Promise<StateMachines> {
    const endpoint = await openEndpoint();
    const iam = endpoint.client(IAMClient, { region: 'us-east-1' });
    const RoleName = uniqueName('states');
    const { Role } = await iam.send(
      new CreateRoleCommand({
        RoleName,
        AssumeRolePolicyDocument: document({
          Effect: 'Allow',
          Principal: { Service: ['states.amazonaws.com', 'lambda.amazonaws.com'] },
          Action: 'sts:AssumeRole',
        }),
      }),
    );
    const PolicyDocument = document({ Effect: 'Allow', Action: actions, Resource: '*' });
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'tasks', PolicyDocument }));
    return new StateMachines(endpoint, iam, { name: RoleName, arn: String(Role?.Arn) });
  }

  /** AWS takes a moment before a new role can be assumed. */
  async create(definition: string, more: object = {}): Promise<string> {
    const name = uniqueName('machine');
    const arn = await eventually(async () => {
      try {
        const made = await this.states.send(
          new CreateStateMachineCommand({ name, definition, roleArn: this.roleArn, ...more }),
        );
        return made.stateMachineArn;
      } catch (error) {
        if ((error as Error).name === 'AccessDeniedException' && !this.endpoint.cloud) return undefined;
        throw error;
      }
    });
    this.#machines.push(arn);
    return arn;
  }

  async start(stateMachineArn: string, input: unknown = {}): Promise<string> {
    const started = await this.states.send(
      new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
    );
    return String(started.executionArn);
  }

  ended(executionArn: string): Promise<DescribeExecutionCommandOutput> {
    return eventually(async () => {
      const execution = await this.states.send(new DescribeExecutionCommand({ executionArn }));
      return execution.status === 'RUNNING' ? undefined : execution;
    });
  }

  async run(definition: string, input: unknown = {}): Promise<DescribeExecutionCommandOutput> {
    return this.ended(await this.start(await this.create(definition), input));
  }

  async history(executionArn: string): Promise<HistoryEvent[]> {
    const { events = [] } = await this.states.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }));
    return events;
  }

  async close(): Promise<void> {
    for (const stateMachineArn of this.#machines)
      await this.states.send(new DeleteStateMachineCommand({ stateMachineArn }));
    await this.#iam.send(new DeleteRolePolicyCommand({ RoleName: this.#roleName, PolicyName: 'tasks' }));
    await this.#iam.send(new DeleteRoleCommand({ RoleName: this.#roleName }));
    await this.endpoint.close();
  }
}

/** `3<2 PassStateExited`: id, predecessor, type. */
export const lines = (events: readonly HistoryEvent[]) =>
  events.map(({ id, previousEventId, type }) => `${id}<${previousEventId} ${type}`);
