import { loadAssembly } from '../../../packages/laptop/assembly/load-assembly.ts';
import type { Clock } from '../../../packages/laptop/clock.ts';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import { administrator } from '../../../packages/laptop/identity/principals.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import type { LambdaService } from '../../../packages/laptop/services/lambda/service.ts';
import type { SecretsManagerService } from '../../../packages/laptop/services/secretsmanager/service.ts';
import type { Secret } from '../../../packages/laptop/services/secretsmanager/state.ts';
import type { StatesService } from '../../../packages/laptop/services/states/service.ts';
import type { Execution } from '../../../packages/laptop/services/states/state.ts';
import { LeapingClock } from './leaping-clock.ts';
import type { Machine, MachineState } from './machine-states.ts';

type Listener = (state: MachineState) => void;

const PIPELINE = 'keyturn-';

/** A stack on a laptop, and everything that happens to each of its secrets. */
export class Stage {
  readonly cloud: RunningCloud;
  readonly #executions = new Map<string, Execution[]>();
  readonly #entered = new Map<string, MachineState[]>();
  readonly #listeners = new Map<string, Listener>();
  readonly #table: string;
  #calls = 0;
  #callsBefore = 0;

  /** `names`: of the secrets; none is the beginning of another. */
  private constructor(cloud: RunningCloud, names: readonly string[], table: string) {
    this.cloud = cloud;
    this.#table = table;
    cloud.recorder.subscribe(() => {
      this.#calls += 1;
    });
    const owners = new WeakMap<Execution, string>();
    this.states.executions.listen((execution, event) => {
      const name = owners.get(execution) ?? names.find((one) => execution.input.includes(one));
      if (name === undefined) return;
      if (!owners.has(execution)) {
        owners.set(execution, name);
        this.executions(name).push(execution);
      }
      const entered = (event.stateEnteredEventDetails as { name?: string } | undefined)?.name;
      if (entered === undefined) return;
      const state: MachineState = `${execution.machine.name.slice(PIPELINE.length) as Machine} ${entered}`;
      this.#entered.set(name, [...(this.#entered.get(name) ?? []), state]);
      this.#listeners.get(name)?.(state);
    });
  }

  /** Loads an assembly. A clock that leaps does so from `go` on. */
  static async open(assembly: string, names: readonly string[], clock: Clock): Promise<Stage> {
    const cloud = await createCloud({ clock, log: () => undefined });
    try {
      const [stack] = await loadAssembly(assembly, cloud);
      const tables = Object.values(stack?.resources ?? {}).filter(({ type }) => type === 'AWS::DynamoDB::Table');
      return new Stage(cloud, names, String(tables[0]?.ref));
    } catch (error) {
      await cloud.close();
      throw error;
    }
  }

  go(): void {
    const { clock } = this.cloud;
    if (clock instanceof LeapingClock) clock.isStill = () => this.isStill();
  }

  /** Nothing is at work: no function, and no call has ended since the last look. */
  isStill(): boolean {
    const isQuiet = this.#calls === this.#callsBefore;
    this.#callsBefore = this.#calls;
    return isQuiet && this.busyFunctions() === 0;
  }

  busyFunctions(): number {
    const environments = this.cloud.service<LambdaService>('lambda').environments();
    return environments.filter(({ state }) => state === 'busy' || state === 'initialising').length;
  }

  get secretsManager(): SecretsManagerService {
    return this.cloud.service('secretsmanager');
  }

  get states(): StatesService {
    return this.cloud.service('states');
  }

  secret(name: string): Secret {
    return this.secretsManager.state.require(this.cloud.region, name);
  }

  /** The version that a label rests on. */
  label(name: string, label: string): string | undefined {
    return [...this.secret(name).versions.values()].find(({ stages }) => stages.has(label))?.versionId;
  }

  /** Every execution about the secret, in the order in which they began. */
  executions(name: string): Execution[] {
    const known = this.#executions.get(name) ?? [];
    this.#executions.set(name, known);
    return known;
  }

  entered(name: string): readonly MachineState[] {
    return this.#entered.get(name) ?? [];
  }

  listen(name: string, listener: Listener): void {
    this.#listeners.set(name, listener);
  }

  /** As a person who may do anything; an outage hits people as well. */
  ask<Output = any>(service: string, operation: string, input: object): Promise<Output> {
    return this.cloud.call({ service, operation, input, principal: administrator(this.cloud.accountId) });
  }

  /** Starts a machine and waits for its end. */
  async run(machine: Machine, input: object): Promise<Execution> {
    const { executionArn } = await this.ask('states', 'StartExecution', {
      stateMachineArn: `arn:aws:states:${this.cloud.region}:${this.cloud.accountId}:stateMachine:${PIPELINE}${machine}`,
      input: JSON.stringify(input),
    });
    const execution = this.states.executions.byArn.get(executionArn) as Execution;
    await execution.ended;
    return execution;
  }

  /** Nothing about the secret runs any more, also of what those that ended have started. */
  async atRest(name: string): Promise<void> {
    for (;;) {
      const running = this.executions(name).filter(({ status }) => status === 'RUNNING');
      if (running.length === 0) return;
      await Promise.all(running.map(({ ended }) => ended));
    }
  }

  /** The events of a secret's story, as the history table has them. */
  async story(name: string): Promise<{ type: string; detail: Record<string, unknown> }[]> {
    const rows: { type: string; detail: Record<string, unknown> }[] = [];
    let ExclusiveStartKey: unknown;
    do {
      const page = await this.ask('dynamodb', 'Query', {
        TableName: this.#table,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: `secret#${this.secret(name).arn}` } },
        ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}),
      });
      for (const { type, detail } of page.Items ?? []) rows.push({ type: type.S, detail: JSON.parse(detail.S) });
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return rows;
  }

  async close(): Promise<void> {
    await this.cloud.close();
    const { clock } = this.cloud;
    if (clock instanceof LeapingClock) clock.close();
  }
}
