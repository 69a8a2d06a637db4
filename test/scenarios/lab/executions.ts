import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { eventually } from '../../eventually.ts';

type Machine = 'rotate-secret' | 'propagate-secret' | 'await-convergence' | 'retire-credential' | 'rotate-fleet';

/** The pipeline's executions, as a person with the AWS CLI sees them. */
export class Executions {
  readonly client: SFNClient;
  readonly #cloud: RunningCloud;
  /** By ARN: an execution keeps its input. */
  readonly #inputs = new Map<string, string>();

  constructor(client: SFNClient, cloud: RunningCloud) {
    this.client = client;
    this.#cloud = cloud;
  }

  arn(machine: Machine): string {
    return `arn:aws:states:${this.#cloud.region}:${this.#cloud.accountId}:stateMachine:keyturn-${machine}`;
  }

  async start(machine: Machine, input: object): Promise<string> {
    const { executionArn } = await this.client.send(
      new StartExecutionCommand({ stateMachineArn: this.arn(machine), input: JSON.stringify(input) }),
    );
    return executionArn as string;
  }

  /** Starts and waits for the end, whichever it is. */
  async run(machine: Machine, input: object): Promise<DescribeExecutionCommandOutput> {
    return this.end(await this.start(machine, input));
  }

  end(executionArn: string): Promise<DescribeExecutionCommandOutput> {
    return eventually(`the end of ${executionArn}`, async () => {
      const execution = await this.client.send(new DescribeExecutionCommand({ executionArn }));
      return execution.status === 'RUNNING' ? undefined : execution;
    });
  }

  rotate(secretId: string, more: object = {}): Promise<DescribeExecutionCommandOutput> {
    return this.run('rotate-secret', { secretId, ...more });
  }

  /** The newest first. */
  async list(machine: Machine): Promise<{ executionArn: string; name: string; status: string }[]> {
    const { executions = [] } = await this.client.send(
      new ListExecutionsCommand({ stateMachineArn: this.arn(machine) }),
    );
    return executions.map(({ executionArn = '', name = '', status = '' }) => ({ executionArn, name, status }));
  }

  async ofVersion(machine: Machine, versionId: string): Promise<DescribeExecutionCommandOutput> {
    const executionArn = await eventually(`an execution of ${machine} about ${versionId}`, async () => {
      for (const { executionArn } of await this.list(machine)) {
        if ((await this.#input(executionArn)).includes(versionId)) return executionArn;
      }
      return undefined;
    });
    return this.end(executionArn);
  }

  async #input(executionArn: string): Promise<string> {
    const known = this.#inputs.get(executionArn);
    if (known !== undefined) return known;
    const { input = '' } = await this.client.send(new DescribeExecutionCommand({ executionArn }));
    this.#inputs.set(executionArn, input);
    return input;
  }

  /** The states that an execution has been in, in order. */
  async states(executionArn: string): Promise<string[]> {
    const names: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await this.client.send(new GetExecutionHistoryCommand({ executionArn, nextToken }));
      for (const { stateEnteredEventDetails } of page.events ?? []) {
        if (stateEnteredEventDetails?.name) names.push(stateEnteredEventDetails.name);
      }
      nextToken = page.nextToken;
    } while (nextToken);
    return names;
  }
}
