import { AwsError, type ServiceFactory } from '../../packages/laptop/cloud.ts';
import type { Execution, HistoryEvent } from '../../packages/laptop/services/states/state.ts';
import { StatesLaptop } from '../packages/laptop/services/states/laptop.ts';
import { SteppingClock } from '../proof/crash/stepping-clock.ts';
import { marked } from './branches.ts';
import { definitionText, machineNames } from './definitions.ts';

const ACCOUNT = '000000000000';
export const EPOCH = Date.parse('2026-01-01T00:00:00Z');
export const functionArn = (name: string) => `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${name}`;
const machineArn = (name: string) => `arn:aws:states:us-east-1:${ACCOUNT}:stateMachine:keyturn-${name}`;

/** One call that a machine made of a function or of Secrets Manager. */
export interface Call {
  readonly atSeconds: number;
  readonly name: string;
  readonly payload: any;
}

/** What a function answers; an AwsError is the service's, any other error the function's own. */
type Answer = (payload: any, call: number) => unknown;

/** A function's error: Step Functions knows it by this name. */
export class FunctionFailed extends Error {
  constructor(name: string, message = `${name} happened`) {
    super(message);
    this.name = name;
  }
}
export const serviceFailed = (code: string, httpStatus = 500) => new AwsError(code, `${code} happened`, { httpStatus });

/**
 * The deployed machines, all of them and word for word, in the laptop's interpreter; functions and Secrets Manager answer what
 * a test says. Time passes as fast as the machines wait: a quarter of an hour of retries takes moments.
 */
export class MachineWorld {
  readonly clock = new SteppingClock(new Date(EPOCH), Number.MAX_SAFE_INTEGER);
  readonly calls: Call[] = [];
  readonly functions: Record<string, Answer> = {};
  readonly secretsManager: Record<string, Answer> = {};
  laptop!: StatesLaptop;
  #turn = 0;
  /** Events of all executions together, and Tasks that have been scheduled and have not ended. */
  #events = 0;
  readonly #open = new Map<Execution, number>();
  /** Executions that a Task waits for. */
  readonly #nested = new Set<Execution>();

  static async start(): Promise<MachineWorld> {
    const world = new MachineWorld();
    const services = [world.#lambda(), world.#secrets()];
    world.laptop = await StatesLaptop.start(services, { clock: world.clock, random: () => 0.5 });
    for (const name of machineNames) await world.#create(name);
    world.laptop.states.executions.listen((execution, event) => world.#hear(execution, event));
    return world;
  }

  /** The next test begins: nothing is answered and nothing was called. */
  reset(): void {
    this.laptop.states.executions.reset();
    this.#open.clear();
    this.#nested.clear();
    this.calls.length = 0;
    for (const answers of [this.functions, this.secretsManager])
      for (const name of Object.keys(answers)) delete answers[name];
    this.functions.ReportFunction = ({ report, failure }) => ({ code: failure?.code ?? report, message: report });
  }

  /** Step Functions throttles the second StartExecution: the first is the test's own. */
  throttleNestedStart(): void {
    const second = { service: 'states', operation: 'StartExecution', kind: 'throttle', nth: 2, times: 1 } as const;
    this.laptop.cloud.faults.add(second);
  }

  /** Starts an execution and lets time pass until it has ended. */
  async run(machine: string, input: object, name?: string): Promise<Execution> {
    const execution = await this.begin(machine, input, name);
    await this.pass(() => execution.status !== 'RUNNING');
    return execution;
  }

  async begin(machine: string, input: object, name = `test-${++this.#turn}`): Promise<Execution> {
    const request = { stateMachineArn: machineArn(machine), name, input: JSON.stringify(input) };
    const { executionArn } = await this.laptop.call('states', 'StartExecution', request);
    return this.laptop.states.executions.byArn.get(executionArn) as Execution;
  }

  /** Lets time pass until it is so. */
  async pass(isSo: () => boolean): Promise<void> {
    for (let step = 0; step < 20_000; step += 1) {
      await this.#settled();
      if (isSo()) return;
      await this.clock.step();
    }
    throw new Error('It did not come to pass within twenty thousand timers.');
  }

  /** Every execution of a machine, the oldest first. */
  executions(machine: string): Execution[] {
    const all = [...this.laptop.states.executions.byArn.values()];
    return all.filter((one) => one.machine.arn === machineArn(machine));
  }

  reports(report?: string): any[] {
    const told = this.calls.filter(({ name }) => name === 'ReportFunction').map(({ payload }) => payload);
    return report === undefined ? told : told.filter((one) => one.report === report);
  }

  callsOf(name: string): Call[] {
    return this.calls.filter((call) => call.name === name);
  }

  #hear(execution: Execution, event: HistoryEvent): void {
    this.#events += 1;
    const count = (by: number) => this.#open.set(execution, (this.#open.get(execution) ?? 0) + by);
    if (event.type === 'TaskScheduled') count(1);
    if (/^Task(Succeeded|Failed|TimedOut)$/.test(event.type)) count(-1);
    if (event.type === 'ExecutionAborted') this.#open.delete(execution);
    if (event.type !== 'TaskSubmitted') return;
    const { ExecutionArn } = JSON.parse((event as any).taskSubmittedEventDetails.output);
    this.#nested.add(this.laptop.states.executions.byArn.get(ExecutionArn) as Execution);
  }

  /** No machine computes or waits for an answer: only time is left. */
  async #settled(): Promise<void> {
    let before = -1;
    for (let quiet = 0; quiet < 4; ) {
      await new Promise((resolve) => setImmediate(resolve));
      const waitedFor = [...this.#nested].filter(({ status }) => status === 'RUNNING').length;
      const open = [...this.#open.values()].reduce((sum, one) => sum + one, 0);
      quiet = this.#events === before && open === waitedFor ? quiet + 1 : 0;
      before = this.#events;
    }
  }

  async #create(name: string): Promise<void> {
    const definition = marked(definitionText(name)).replaceAll(/\$\{(\w+)\}/g, (_, variable: string) => {
      if (variable.endsWith('StateMachineArn')) return machineArn(kebab(variable.replace('StateMachineArn', '')));
      if (variable.endsWith('Arn')) return functionArn(variable.replace(/Arn$/, ''));
      return Buffer.from('{}').toString('base64');
    });
    const roleArn = `arn:aws:iam::${ACCOUNT}:role/machine`;
    await this.laptop.call('states', 'CreateStateMachine', { name: `keyturn-${name}`, definition, roleArn });
  }

  #answer(answers: Record<string, Answer>, name: string, payload: unknown): unknown {
    this.calls.push({ atSeconds: (this.clock.now().getTime() - EPOCH) / 1000, name, payload });
    const answer = answers[name];
    if (!answer) throw new FunctionFailed('NothingSaid', `The test does not say what ${name} answers.`);
    return answer(payload, this.callsOf(name).length);
  }

  #lambda(): ServiceFactory {
    return service('lambda', () => import('@aws-sdk/client-lambda'), {
      Invoke: ({ FunctionName, Payload }) => {
        const name = String(FunctionName).split(':').slice(6).join(':');
        const asked = JSON.parse(Buffer.from(Payload).toString('utf8'));
        const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value ?? null));
        try {
          return { StatusCode: 200, Payload: text(this.#answer(this.functions, name, asked)) };
        } catch (error) {
          if (error instanceof AwsError || !(error instanceof Error)) throw error;
          const told = { errorType: error.name, errorMessage: error.message };
          return { StatusCode: 200, FunctionError: 'Unhandled', Payload: text(told) };
        }
      },
    });
  }

  #secrets(): ServiceFactory {
    const answered = (name: string) => (input: unknown) => this.#answer(this.secretsManager, name, input);
    return service('secretsmanager', () => import('@aws-sdk/client-secrets-manager'), {
      DescribeSecret: answered('DescribeSecret'),
      RotateSecret: answered('RotateSecret'),
    });
  }
}

function service(
  name: string,
  schemas: () => Promise<Record<string, unknown>>,
  operations: Record<string, (input: any) => unknown>,
): ServiceFactory {
  const resource = `arn:aws:${name}:us-east-1:${ACCOUNT}:thing`;
  const entries = Object.entries(operations).map(([operation, handle]) => [
    operation,
    { access: () => [{ action: `${name}:${operation}`, resource }], handle },
  ]);
  return () => ({ name, schemas, operations: Object.fromEntries(entries), reset() {} });
}

const kebab = (name: string) => name.replace(/(?<=\w)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
