import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { accessDenied } from './authorization/refusal.ts';
import { sleep } from './clock.ts';
import { type Access, AwsError, type Call, type Cloud, type Operation, type Principal, type Service } from './cloud.ts';
import type { Deliveries } from './deliveries.ts';
import { type Faults, strikes } from './faults/faults.ts';
import { refusalOf } from './faults/refusal.ts';
import type { ActiveRule } from './faults/rule.ts';
import { NoAnswer } from './faults/throttling.ts';
import { callOf, currentLineage } from './lineage.ts';
import type { Recorder } from './recording/recorder.ts';

export interface DispatchRequest {
  readonly service: Service;
  readonly operation: string;
  readonly input: unknown;
  readonly principal: Principal;
  readonly region: string;
  readonly source: 'wire' | 'inside';
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  readonly requestId?: string;
}

interface Trace {
  resources: string[];
  fault?: string;
}

/**
 * Carries out one call in the order that every call has, on the wire and inside the cloud alike: record, `before`
 * faults, validate, access, handle, `after` faults.
 */
export class Dispatcher {
  readonly #cloud: Cloud;
  readonly #faults: Faults;
  readonly #recorder: Recorder;
  readonly #deliveries: Deliveries;

  constructor(cloud: Cloud, parts: { faults: Faults; recorder: Recorder; deliveries: Deliveries }) {
    this.#cloud = cloud;
    this.#faults = parts.faults;
    this.#recorder = parts.recorder;
    this.#deliveries = parts.deliveries;
  }

  dispatch(request: DispatchRequest): Promise<unknown> {
    const { service, source, principal } = request;
    const lineage = source === 'wire' ? this.#deliveries.lineageOf(principal.accessKeyId) : currentLineage();
    return callOf(service.name, lineage, () => this.#dispatch(request));
  }

  async #dispatch(request: DispatchRequest): Promise<unknown> {
    const operation = Object.hasOwn(request.service.operations, request.operation)
      ? request.service.operations[request.operation]
      : undefined;
    const call: Call = {
      cloud: this.#cloud,
      requestId: request.requestId ?? randomUUID(),
      service: request.service.name,
      operation: request.operation,
      region: request.region,
      accountId: this.#cloud.accountId,
      principal: request.principal,
      source: request.source,
      signal: request.signal ?? new AbortController().signal,
      headers: request.headers ?? {},
    };
    const trace: Trace = { resources: [] };
    const started = performance.now();
    const time = this.#cloud.clock.now();
    let outcome = 'ok';
    try {
      return await this.#carryOut(operation, request.input, call, trace);
    } catch (error) {
      outcome = error instanceof AwsError ? error.code : 'InternalFailure';
      throw error;
    } finally {
      this.#record(call, trace, { time, outcome, started });
    }
  }

  async #carryOut(operation: Operation | undefined, input: unknown, call: Call, trace: Trace): Promise<unknown> {
    if (!operation) throw notSupported(call);
    const rule = this.#faults.take({
      service: call.service,
      operation: call.operation,
      input,
      principal: call.principal,
    });
    if (rule) trace.fault = rule.id;
    if (rule && strikes(rule, 'before')) await this.#strikeBefore(rule, call);
    operation.validate?.(input, call);
    await this.#authorise(operation, input, call, trace);
    const output = await operation.handle(input, call);
    if (rule && strikes(rule, 'after')) await this.#strikeAfter(rule, call);
    return output;
  }

  async #authorise(operation: Operation, input: unknown, call: Call, trace: Trace): Promise<void> {
    if (!operation.access) return;
    const needed: Access[] = await operation.access(input, call);
    trace.resources = needed.map(({ resource }) => resource);
    for (const access of needed) {
      const { allowed, message } = await this.#cloud.authorise(call.principal, access);
      if (!allowed) throw accessDenied(call.service, message);
    }
  }

  async #strikeBefore(rule: ActiveRule, call: Call): Promise<void> {
    const refusal = refusalOf(rule, call.service);
    if (refusal) throw refusal;
    switch (rule.kind) {
      case 'delay':
        return sleep(this.#cloud.clock, rule.delayMilliseconds ?? 1_000, call.signal);
      case 'kill-before':
        return this.#kill(call);
    }
  }

  async #strikeAfter(rule: ActiveRule, call: Call): Promise<void> {
    if (rule.kind === 'kill-after') await this.#kill(call);
    throw new NoAnswer('reset');
  }

  async #kill(call: Call): Promise<void> {
    if (!this.#faults.killEnvironment(call.principal.accessKeyId)) {
      this.#cloud.log(
        `fault: ${call.service} ${call.operation} was not called by an execution environment; nothing killed`,
      );
    }
    await nextTurn();
    throw new NoAnswer('reset');
  }

  #record(call: Call, trace: Trace, end: { time: Date; outcome: string; started: number }): void {
    const { principal } = call;
    this.#recorder.add({
      time: end.time.toISOString(),
      requestId: call.requestId,
      source: call.source,
      principal: principal.arn,
      principalKind: principal.kind,
      ...(principal.sessionName ? { sessionName: principal.sessionName } : {}),
      service: call.service,
      operation: call.operation,
      region: call.region,
      resources: trace.resources,
      outcome: end.outcome,
      ...(trace.fault ? { fault: trace.fault } : {}),
      durationMilliseconds: performance.now() - end.started,
    });
  }
}

function notSupported(call: Call): AwsError {
  return new AwsError(
    'UnknownOperationException',
    `${call.service} ${call.operation} is not supported on the laptop: SUPPORT.md of @keyturn/laptop lists what is.`,
  );
}
