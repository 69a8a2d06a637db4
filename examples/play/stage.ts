import { randomBytes } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import { createCloud, type LoadedStack, loadAssembly, type RunningCloud, runFolder } from '@keyturn/laptop';

/** Machines wait a share of their time: ten minutes of grace pass in eighteen seconds. Evidence keeps to the clock. */
const TIME_SCALE = 0.03;

/** The example, deployed into a laptop's cloud, and the clients of a person who may do anything there. */
export class Stage {
  readonly cloud: RunningCloud;
  readonly stack: LoadedStack;
  readonly secrets: SecretsManagerClient;
  readonly parameters: SSMClient;
  readonly tables: DynamoDBClient;
  readonly machines: SFNClient;
  readonly account = { user: 'ann', password: randomBytes(12).toString('base64url') };
  readonly #functions: LambdaClient;

  private constructor(cloud: RunningCloud, stack: LoadedStack) {
    this.cloud = cloud;
    this.stack = stack;
    const configuration = {
      endpoint: cloud.endpointUrl,
      region: cloud.region,
      credentials: cloud.administrator,
    };
    this.secrets = new SecretsManagerClient(configuration);
    this.parameters = new SSMClient(configuration);
    this.tables = new DynamoDBClient(configuration);
    this.machines = new SFNClient(configuration);
    this.#functions = new LambdaClient(configuration);
  }

  static async open(assembly: string, options: { port?: number }): Promise<Stage> {
    const settings = { stateMachineTimeScale: TIME_SCALE };
    const cloud = await createCloud({
      ...{ ...options, settings, recordedCalls: 200_000 },
      runFolder: runFolder(),
      log: () => undefined,
    });
    try {
      const [stack] = await loadAssembly(assembly, cloud);
      if (!stack) throw new Error(`The assembly in ${assembly} has no stack.`);
      return new Stage(cloud, stack);
    } catch (error) {
      await cloud.close();
      throw error;
    }
  }

  /** What a person does once after the first deployment. */
  async setUp(): Promise<string[]> {
    const answer = await this.#functions.send(
      new InvokeCommand({ FunctionName: this.output('SetUpFunction'), Payload: JSON.stringify(this.account) }),
    );
    const payload = JSON.parse(Buffer.from(answer.Payload ?? []).toString('utf8'));
    if (answer.FunctionError) throw new Error(`The set-up function failed: ${payload.errorMessage}`);
    return payload.made;
  }

  output(name: string): string {
    const value = this.stack.outputs[name];
    if (value === undefined) throw new Error(`The stack has no output ${name}.`);
    return value;
  }

  /** The reference of the resource of a type whose place in the construct tree ends so. */
  resource(type: string, place: string): string {
    const found = Object.values(this.stack.resources).find(
      (resource) => resource.type === type && resource.path?.includes(place),
    );
    if (!found) throw new Error(`The stack has no ${type} at ${place}.`);
    return found.ref;
  }

  async close(): Promise<void> {
    for (const client of [this.secrets, this.parameters, this.tables, this.machines, this.#functions]) client.destroy();
    await this.cloud.close();
  }
}
