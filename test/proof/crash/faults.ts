import { readFileSync } from 'node:fs';
import { AwsError } from '../../../packages/laptop/cloud.ts';
import { NoAnswer } from '../../../packages/laptop/faults/throttling.ts';
import type { Connect, Session } from '../../../pipeline/rotators/postgres/connect.ts';
import { describeDatabaseError } from '../../../pipeline/rotators/postgres/database-errors.ts';
import { inProcess, Killed, type Laptop, type Managed } from '../../pipeline/rotators/native-rotation.ts';

/**
 * What is called: an operation of a service, a session being opened, a statement of one, a function by the state machine
 * (`invocation`), a vendor's API by `fetch`. `iam-once`: IAM by a client that does not try again by itself.
 */
export type Target =
  | 'secrets'
  | 'lambda'
  | 'parameters'
  | 'events'
  | 'executions'
  | 'iam'
  | 'iam-once'
  | 'sts'
  | 'rds'
  | 'bedrock'
  | 'vendor'
  | 'invocation'
  | 'connection'
  | 'statement';

/** One call of a recorded run. */
export interface Call {
  readonly name: string;
  readonly target: Target;
}

/**
 * What a call meets. `killed-after`: the effect is there, nobody hears the answer, and the process is gone. Killed before a
 * call is killed after the one before: between two calls the world stands still; so `killed-before` is for the first only.
 * `answer-lost`: the effect is there, and the process goes on with an error. `sent-twice`: the effect is there, the answer is
 * lost, and the SDK's client sends the request again. `failed-after`: the vendor answers 504, and has acted. `put-off`: 429,
 * and what it asks to wait is short. `deployed`: somebody else changes the function right before the call. In all others
 * there is no effect.
 */
const ofService = ['killed-before', 'killed-after', 'throttled', 'timed-out', 'server-error', 'answer-lost'] as const;
/** Clients of the SDK that try again by themselves. */
const ofClients = [...ofService, 'sent-twice'] as const;
export const faultsOf = {
  secrets: ofClients,
  lambda: [...ofClients, 'deployed'],
  parameters: ofClients,
  events: ofClients,
  executions: ofClients,
  iam: ofClients,
  'iam-once': ofService,
  sts: ofClients,
  rds: ofClients,
  bedrock: ofClients,
  vendor: [...ofService, 'put-off', 'failed-after'],
  invocation: ['throttled', 'timed-out', 'server-error', 'answer-lost'],
  connection: ['killed-before', 'killed-after', 'refused', 'timed-out'],
  statement: ['killed-before', 'killed-after', 'refused', 'cut', 'answer-lost'],
} as const satisfies Record<Target, readonly string[]>;
export type FaultName = (typeof faultsOf)[Target][number];

export interface Strike {
  /** The n-th call from where the faults were armed, from 1. */
  readonly call: number;
  readonly fault: FaultName;
}

const failing = (name: string, message: string, more: object = {}) =>
  Object.assign(new Error(message), { name, ...more });

const ofClient = (throttling: string, serverError: string, throttlingStatus = 400) => ({
  throttled: () => failing(throttling, 'Rate exceeded', { $metadata: { httpStatusCode: throttlingStatus } }),
  'timed-out': () => failing('TimeoutError', 'Connection timed out after 3000 ms'),
  'server-error': () =>
    failing(serverError, 'An error occurred on the server side.', { $metadata: { httpStatusCode: 500 } }),
  'answer-lost': () => failing('TimeoutError', 'socket hang up', { code: 'ECONNRESET' }),
});

/** A vendor's answer, for whoever calls `fetch`. */
export class Answered extends Error {
  override readonly name = 'Answered';
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, headers: Record<string, string> = {}) {
    super(`answered ${status}`);
    this.status = status;
    this.headers = headers;
  }
}

const connectionReset = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

/** As the SDK's client throws when its own tries are used up, and as `pg` and `fetch` do; of an invocation as Lambda answers. */
export const errors: Record<Target, Partial<Record<FaultName, () => Error>>> = {
  secrets: ofClient('ThrottlingException', 'InternalServiceError'),
  lambda: ofClient('TooManyRequestsException', 'ServiceException'),
  parameters: ofClient('ThrottlingException', 'InternalServerError'),
  events: ofClient('ThrottlingException', 'InternalException'),
  executions: ofClient('ThrottlingException', 'InternalFailure'),
  iam: ofClient('Throttling', 'ServiceFailureException'),
  'iam-once': ofClient('Throttling', 'ServiceFailureException'),
  sts: ofClient('Throttling', 'InternalFailure'),
  rds: ofClient('Throttling', 'InternalFailure'),
  bedrock: ofClient('ThrottlingException', 'InternalServerException', 429),
  vendor: {
    throttled: () => new Answered(429, { 'retry-after': '3600' }),
    'put-off': () => new Answered(429, { 'retry-after': '1' }),
    'timed-out': () => new DOMException('The operation was aborted due to timeout', 'TimeoutError'),
    'server-error': () => new Answered(503),
    'failed-after': () => new Answered(504),
    'answer-lost': () => new TypeError('fetch failed', { cause: connectionReset() }),
  },
  invocation: {
    throttled: () => new AwsError('TooManyRequestsException', 'Rate Exceeded.', { httpStatus: 429 }),
    'timed-out': () => new NoAnswer('never'),
    'server-error': () => new AwsError('ServiceException', 'An error occurred.', { httpStatus: 500 }),
    'answer-lost': () => new NoAnswer('reset'),
  },
  connection: {
    refused: () => failing('error', 'sorry, too many clients already', { code: '53300' }),
    'timed-out': () => failing('Error', 'timeout expired'),
  },
  statement: {
    refused: () => failing('error', 'canceling statement due to statement timeout', { code: '57014' }),
    cut: () => failing('Error', 'Connection terminated unexpectedly'),
    'answer-lost': () => failing('Error', 'Connection terminated unexpectedly'),
  },
};

/** The call is carried out, and fails all the same. */
const effective: ReadonlySet<FaultName | undefined> = new Set<FaultName>(['answer-lost', 'failed-after']);

/** Carries a call out as the fault wants it; faults that are the process's own affair leave it as it is. `cut` ends its session. */
export async function undergo<Result>(
  fault: FaultName | undefined,
  { target }: Call,
  run: () => Promise<Result>,
  cut?: () => Promise<void>,
): Promise<Result> {
  if (fault === 'sent-twice') await run();
  const error = fault && errors[target][fault]?.();
  if (!error) return run();
  if (effective.has(fault)) await run();
  if (fault === 'cut' || fault === 'answer-lost') await cut?.();
  throw error;
}

type AnyClient = { middlewareStack: { add: (...args: any[]) => void } };

/** An SDK client each of whose calls is met, tries of its own included in one. */
export function aroundClient<Client extends AnyClient>(
  client: Client,
  target: Target,
  meet: (call: Call, run: () => Promise<unknown>) => Promise<unknown>,
): Client {
  client.middlewareStack.add(
    (next: (args: unknown) => Promise<unknown>, context: { commandName?: string }) => (args: unknown) =>
      meet({ name: (context.commandName ?? 'a command').replace('Command', ''), target }, () => next(args)),
    { step: 'serialize' },
  );
  return client;
}

/** Records the calls of rotation functions while it is armed, and lets one of them meet a fault. */
export class Faults {
  calls: Call[] = [];
  #armed = false;
  #strike: Strike | undefined;
  /** Looks at the world when an invocation has failed, before anybody tries again. */
  afterFailure: (() => Promise<void>) | undefined;
  /** Happens before each call, armed or not. */
  between: (() => Promise<void>) | undefined;

  /** From here on: the call that a strike names meets its fault. Kills are carried out by the process (`Calls`). */
  arm(secret: Managed, strike?: Strike): void {
    this.calls = [];
    this.#armed = true;
    this.#strike = strike;
    const when = { 'killed-before': 'before', 'killed-after': 'after' }[strike?.fault as string];
    if (strike && when) secret.calls.kill = { call: secret.calls.names.length + strike.call, when: when as 'before' };
  }

  disarm(): void {
    this.#armed = false;
  }

  /** A secret whose failed invocations are looked at, whoever invokes. */
  watch(laptop: Laptop, secret: Managed): Managed {
    const looking =
      <Answer>(invoke: (event: unknown) => Promise<Answer>) =>
      async (event: unknown) => {
        try {
          return await invoke(event);
        } catch (error) {
          await this.afterFailure?.();
          throw error;
        }
      };
    const functionArn = [...laptop.functions.keys()].find((arn) => arn.endsWith(`:${secret.name.replace('/', '-')}`));
    laptop.functions.set(functionArn as string, looking(laptop.functions.get(functionArn as string)!));
    return { ...secret, invoke: looking(secret.invoke) };
  }

  /** Goes around each call, inside of the process that makes it. */
  async meet<Result>(call: Call, run: () => Promise<Result>, cut?: () => Promise<void>): Promise<Result> {
    await this.between?.();
    if (!this.#armed) return run();
    this.calls.push(call);
    const fault = this.#strike?.call === this.calls.length ? this.#strike.fault : undefined;
    return undergo(fault, call, run, cut);
  }

  /** A laptop's client, as rotation functions have it. */
  around(laptop: Laptop): void {
    this.aroundClient(laptop.countedSecrets, 'secrets');
  }

  /** An SDK client that is counted in the process that calls it. */
  aroundClient<Client extends AnyClient>(client: Client, target: Target): Client {
    return aroundClient(client, target, (call, run) => this.meet(call, run));
  }

  /** A `fetch` that is counted in the process that calls it. */
  fetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
    return async (input, init) => {
      const path = new URL(String(input)).pathname.replace(/[0-9a-f-]{36}/, '…');
      const call: Call = { name: `${init?.method} ${path}`, target: 'vendor' };
      try {
        return await inProcess(call.name, () => this.meet(call, () => fetch(input, init)));
      } catch (error) {
        if (!(error instanceof Answered)) throw error;
        return new Response(null, { status: error.status, headers: error.headers });
      }
    };
  }

  /** Opens sessions that end when the process that opened them is killed, and whose statements are calls. */
  connect(connect: Connect): Connect {
    return async (address, login) => {
      let session: Session | undefined;
      const end = async () => session?.end().catch(() => undefined);
      const through = async <Result>(call: Call, run: () => Promise<Result>): Promise<Result> => {
        try {
          return await inProcess(call.name, () => this.meet(call, run, end));
        } catch (error) {
          if (error instanceof Killed) await end();
          // As the one who opens sessions says it, whoever made it fail.
          else if (call.target === 'connection') throw describeDatabaseError(error, call.name, [login.password]);
          throw error;
        }
      };
      await through(
        { name: `connect as ${login.username.replace(/[0-9a-f]{8}/, '…')}`, target: 'connection' },
        async () => {
          session = await connect(address, login);
        },
      );
      const opened = session as Session;
      return {
        query: <Row>(statement: string, values?: unknown[]) =>
          through({ name: inBrief(statement, values), target: 'statement' }, () =>
            opened.query<Row>(statement, values),
          ),
        copy: (statement, value) =>
          through({ name: inBrief(statement), target: 'statement' }, () => opened.copy(statement, value)),
        end: () => opened.end(),
      };
    };
  }
}

function inBrief(statement: string, values: unknown[] = []): string {
  const text = statement.startsWith('SELECT format(') ? `quote ${values[0]}` : statement;
  return text
    .replace(/\s+/g, ' ')
    .replace(/[0-9a-f]{8}/g, '…')
    .slice(0, 60);
}

interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly MaxAttempts: number;
}

const retriers = (
  JSON.parse(readFileSync('statemachines/rotate-secret.asl.json', 'utf8').replaceAll(/"?\$\{\w+\}"?/g, '"0"')) as any
).States.RollBack.Retry as readonly Retrier[];

/** The first retrier that names the error decides, as Step Functions does it. */
function isRetried(name: string, attempt: number): boolean {
  const found = retriers.find(({ ErrorEquals }) => ErrorEquals.includes(name) || ErrorEquals.includes('States.ALL'));
  return found !== undefined && attempt < found.MaxAttempts;
}

/**
 * What the workflow asks of the rotation function, with the Retry of its Task state. No time passes: Secrets Manager's own
 * attempts come between in races.test.ts, not here.
 */
export async function askAsWorkflow(
  secret: Managed,
  request: { operation: string } & Record<string, unknown>,
): Promise<any> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await secret.invoke({ secretArn: secret.arn, ...request });
    } catch (error) {
      // A process that is gone is told to the state as Runtime.ExitError.
      const name = error instanceof Killed ? 'Runtime.ExitError' : (error as Error).name;
      if (!isRetried(name, attempt)) throw error;
    }
  }
}
