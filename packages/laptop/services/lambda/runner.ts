import { randomUUID } from 'node:crypto';
import type { Cloud } from '../../cloud.ts';
import { deliveriesOf } from '../../deliveries.ts';
import { Environment, type InvocationEnding } from '../../environments/environment.ts';
import { Guardian } from '../../environments/guardian.ts';
import { EnvironmentPool, type Held, type InitializationType } from '../../environments/pool.ts';
import { isPython, type PythonLookup } from '../../environments/python.ts';
import { environmentVariables } from '../../environments/variables.ts';
import { faultsOf } from '../../faults/faults.ts';
import { oneInvocationFurther } from '../../lineage.ts';
import { EnvironmentLog } from './environment-log.ts';
import { throttled } from './errors.ts';
import { LogDelivery } from './log-delivery.ts';
import { failureOf, type InvocationResult, tooLargeResponse } from './outcome.ts';
import type { FunctionSettings, FunctionSnapshot, FunctionVersion, LambdaFunction } from './state.ts';

const INIT_TIMEOUT_MILLISECONDS = 10_000;
const IDLE_MILLISECONDS = 5 * 60_000;
const ACCOUNT_CONCURRENCY = 1_000;
/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, as the error message counts it. */
const MOST_RESPONSE_BYTES = 6_291_556;

export interface Invocation {
  readonly requestId: string;
  /** JSON text. */
  readonly event: string;
  readonly invokedFunctionArn: string;
  readonly clientContext?: string;
}

/** Runs invocations in execution environments. */
export class Runner {
  readonly pool: EnvironmentPool<FunctionSnapshot>;
  readonly #cloud: Cloud;
  readonly #python: PythonLookup;
  readonly #guardian = new Guardian();
  readonly #credentials = new Map<string, { accessKeyId: string; unregister: () => void }>();
  readonly #logsOf = new WeakMap<Environment, EnvironmentLog>();
  readonly #logs: LogDelivery;
  #running = 0;
  #generation = 0;

  constructor(cloud: Cloud, python: PythonLookup) {
    this.#cloud = cloud;
    this.#python = python;
    this.#logs = new LogDelivery(cloud);
    this.pool = new EnvironmentPool({
      clock: cloud.clock,
      idleMilliseconds: IDLE_MILLISECONDS,
      create: (snapshot, type) => this.#create(snapshot, type),
      onEnd: (environment) => this.#detach(environment),
    });
  }

  /** One synchronous invocation. Throws TooManyRequestsException at the function's or the account's limit. */
  async run(fn: LambdaFunction, version: FunctionVersion, invocation: Invocation): Promise<InvocationResult> {
    this.#admit(fn);
    fn.running++;
    this.#running++;
    const generation = this.#generation;
    try {
      return await oneInvocationFurther(fn.arn, () => this.#runAdmitted(this.#chooseSnapshot(version), invocation));
    } finally {
      fn.running--;
      if (generation === this.#generation) this.#running--;
    }
  }

  /** Starts environments ahead of requests; answers how many came up. */
  async provision(snapshot: FunctionSnapshot, count: number): Promise<number> {
    const started = await Promise.all(
      Array.from({ length: count }, async () => {
        const result = await this.#start(snapshot, 'provisioned-concurrency', INIT_TIMEOUT_MILLISECONDS);
        if ('failure' in result) return 0;
        this.pool.release(result.held);
        return 1;
      }),
    );
    return started.reduce<number>((sum, one) => sum + one, 0);
  }

  /** Kills the environment whose credentials bear this session name; false when there is none. */
  killEnvironmentOf(sessionName: string): boolean {
    return this.pool.kill(sessionName);
  }

  async stop(): Promise<void> {
    this.#generation++;
    this.#running = 0;
    await this.pool.close();
  }

  async close(): Promise<void> {
    await this.stop();
    this.#guardian.close();
  }

  #admit(fn: LambdaFunction): void {
    if (fn.reservedConcurrency !== undefined && fn.running >= fn.reservedConcurrency) {
      throw throttled('ReservedFunctionConcurrentInvocationLimitExceeded');
    }
    if (this.#running >= ACCOUNT_CONCURRENCY) throw throttled('ConcurrentInvocationLimitExceeded');
  }

  // While an update is in progress either configuration may answer, as on AWS.
  #chooseSnapshot(version: FunctionVersion): FunctionSnapshot {
    const { updating, snapshot } = version;
    return updating && this.#cloud.random() < 0.5 ? updating.previous : snapshot;
  }

  // The initialisation has ten seconds. If it fails or is too slow, it is tried once more, within the invocation.
  async #runAdmitted(snapshot: FunctionSnapshot, invocation: Invocation): Promise<InvocationResult> {
    const warm = this.pool.takeIdle(snapshot);
    if (warm) return this.#serve(warm, snapshot, invocation, { started: performance.now() });
    const first = await this.#start(snapshot, 'on-demand', INIT_TIMEOUT_MILLISECONDS);
    const started = performance.now();
    if (!('failure' in first)) {
      return this.#serve(first.held, snapshot, invocation, { started, initMilliseconds: first.initMilliseconds });
    }
    const again = await this.#start(snapshot, 'on-demand', snapshot.settings.timeoutSeconds * 1_000);
    if (!('failure' in again)) return this.#serve(again.held, snapshot, invocation, { started });
    const log = this.#logOf(again.held);
    log.start(invocation.requestId);
    return this.#conclude(again.failure, snapshot, invocation, log, { started });
  }

  async #start(snapshot: FunctionSnapshot, type: InitializationType, timeoutMilliseconds: number) {
    const result = await this.pool.start(snapshot, type, timeoutMilliseconds);
    if ('failure' in result) {
      const { failure, held, initMilliseconds } = result;
      const errorType = failure.kind === 'error' ? failure.error.errorType : 'Runtime.ExitError';
      this.#logOf(held).initReport(initMilliseconds, failure.kind === 'time-out' ? 'timeout' : 'error', errorType);
    }
    return result;
  }

  async #serve(
    held: Held,
    snapshot: FunctionSnapshot,
    invocation: Invocation,
    timing: { started: number; initMilliseconds?: number },
  ): Promise<InvocationResult> {
    const { requestId } = invocation;
    const log = this.#logOf(held);
    const left = Math.max(snapshot.settings.timeoutSeconds * 1_000 - (performance.now() - timing.started), 0);
    log.start(requestId);
    const fault = faultsOf(this.#cloud).takeInvocation(snapshot.functionName);
    const request = { ...invocation, deadlineMilliseconds: Date.now() + left, traceId: traceId() };
    deliveriesOf(this.#cloud).attribute(this.#credentials.get(held.environment.id)?.accessKeyId ?? '');
    // Before the request is written: a quick handler would have answered when the signal comes.
    if (fault === 'kill-before') held.environment.kill();
    let ending = await this.pool.invoke(held, request, left);
    if (fault === 'kill-after') {
      held.environment.kill();
      await held.environment.ended;
      ending = { kind: 'exit', code: null, signal: 'SIGKILL' };
    }
    const result = this.#conclude(ending, snapshot, invocation, log, timing);
    this.pool.release(held);
    return result;
  }

  #conclude(
    ending: InvocationEnding,
    snapshot: FunctionSnapshot,
    { requestId }: Invocation,
    log: EnvironmentLog,
    timing: { started: number; initMilliseconds?: number },
  ): InvocationResult {
    const durationMilliseconds =
      ending.kind === 'time-out' ? snapshot.settings.timeoutSeconds * 1_000 : performance.now() - timing.started;
    const failure = failureOf(ending, requestId, snapshot.settings.timeoutSeconds);
    if (ending.kind === 'time-out') log.timedOut(requestId);
    if (failure?.exitReason) log.exited(requestId, failure.exitReason);
    const memoryMegabytes = 'memoryMegabytes' in ending ? ending.memoryMegabytes : snapshot.settings.memoryMegabytes;
    const status = ending.kind === 'time-out' ? 'timeout' : ending.kind === 'exit' ? 'error' : 'success';
    const { initMilliseconds } = timing;
    log.end(requestId, {
      durationMilliseconds,
      memoryMegabytes,
      status,
      ...(initMilliseconds === undefined ? {} : { initMilliseconds }),
    });
    const base = { executedVersion: snapshot.version, logTail: log.tail(), durationMilliseconds };
    if (failure) return { ...base, functionError: 'Unhandled', payload: failure.payload };
    const payload = ending.kind === 'answer' ? ending.payload : 'null';
    if (Buffer.byteLength(payload) > MOST_RESPONSE_BYTES) {
      return { ...base, functionError: 'Unhandled', payload: tooLargeResponse(MOST_RESPONSE_BYTES) };
    }
    return { ...base, payload };
  }

  #create(snapshot: FunctionSnapshot, initializationType: InitializationType): Environment {
    const id = randomUUID().replaceAll('-', '');
    const { settings } = snapshot;
    const credentials = this.#cloud.assumeRole(settings.roleArn, id);
    const stream = this.#logs.stream(snapshot, id, credentials.principal);
    const log = new EnvironmentLog(snapshot, stream.write, () => this.#cloud.clock.now());
    log.initStart(initializationType);
    const environment = new Environment({
      id,
      codeFolder: settings.code.folder,
      memoryMegabytes: settings.memoryMegabytes,
      ...this.#interpreter(settings.runtime),
      guardian: this.#guardian,
      variables: environmentVariables({
        functionName: snapshot.functionName,
        version: snapshot.version,
        handler: settings.handler,
        runtime: settings.runtime,
        memoryMegabytes: settings.memoryMegabytes,
        codeFolder: settings.code.folder,
        region: snapshot.region,
        logGroupName: settings.logGroupName,
        logStreamName: stream.name,
        logFormat: settings.logFormat,
        ...pythonLogLevel(settings),
        initializationType,
        endpointUrl: this.#cloud.endpointUrl,
        ...databaseCa(this.#cloud),
        credentials,
        own: settings.variables ?? {},
      }),
      onLog: log.take,
    });
    const { accessKeyId } = credentials;
    const unregister = faultsOf(this.#cloud).registerEnvironment(accessKeyId, () => environment.kill());
    this.#logsOf.set(environment, log);
    this.#credentials.set(id, { accessKeyId, unregister });
    return environment;
  }

  // It was looked up when the function was made.
  #interpreter(runtime: string): { pythonExecutable?: string } {
    return isPython(runtime) ? { pythonExecutable: this.#python.executable } : {};
  }

  // What a dead environment held is of no use any more.
  #detach(environment: Environment): void {
    const held = this.#credentials.get(environment.id);
    this.#credentials.delete(environment.id);
    held?.unregister();
    if (held) deliveriesOf(this.#cloud).forget(held.accessKeyId);
    if (held) (this.#cloud as RevokingCloud).sessions?.revoke(held.accessKeyId);
  }

  #logOf(held: Held): EnvironmentLog {
    return this.#logsOf.get(held.environment) as EnvironmentLog;
  }
}

// With JSON logs Lambda sets a level, INFO when none is configured.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
function pythonLogLevel({ runtime, logFormat, applicationLogLevel }: FunctionSettings): { logLevel?: string } {
  return isPython(runtime) && logFormat === 'JSON' ? { logLevel: applicationLogLevel ?? 'INFO' } : {};
}

// A cloud may be without databases.
function databaseCa(cloud: Cloud): { databaseCaPath?: string } {
  const rds = (cloud as ServicesCloud).services?.get('rds') as { caBundlePath?: string } | undefined;
  return rds?.caBundlePath ? { databaseCaPath: rds.caBundlePath } : {};
}

type ServicesCloud = Cloud & { services?: ReadonlyMap<string, unknown> };
type RevokingCloud = Cloud & { sessions?: { revoke(accessKeyId: string): boolean } };

function traceId(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${randomUUID().replaceAll('-', '').slice(0, 24)};Parent=${randomUUID().replaceAll('-', '').slice(0, 16)};Sampled=0`;
}
