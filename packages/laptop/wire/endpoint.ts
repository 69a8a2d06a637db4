import { randomUUID } from 'node:crypto';
import { AwsError, type Cloud, type Service } from '../cloud.ts';
import type { Dispatcher } from '../dispatch.ts';
import { NoAnswer } from '../faults/throttling.ts';
import { type Callers, PAGE_TOKEN_HEADER } from '../identity/callers.ts';
import { readCredentials } from '../identity/credentials.ts';
import type { Recorder } from '../recording/recorder.ts';
import { decodeBody } from './body.ts';
import { type RequestHead, refuseForeign } from './door.ts';
import { describeFailure } from './failure.ts';
import { LONGEST_BODY_BYTES, type ReceivedRequest, type Reply } from './listener.ts';
import { inProtocol } from './protocol-errors.ts';
import { readRequest, spokenBy, type WireRequest } from './read-request.ts';
import { recognise } from './recognise.ts';
import type { RawRequest, Route, RouteTable } from './routes.ts';
import { loadServiceModel, type ServiceModel } from './service-model.ts';
import { type Spoken, writeAnswer } from './write-answer.ts';
import { writeError } from './write-error.ts';

export interface EndpointParts {
  readonly cloud: Cloud;
  readonly dispatcher: Dispatcher;
  readonly recorder: Recorder;
  readonly routes: RouteTable;
  find(service: string): Service | undefined;
  readonly callers: Callers;
}

interface Conversation {
  readonly requestId: string;
  model?: ServiceModel;
  spoken: Spoken;
  service: string;
  region: string;
  accessKeyId: string;
  /** From here on the dispatcher keeps the record. */
  dispatched: boolean;
}

/** What stands behind the port: raw routes, and every AWS protocol in front of the services. */
export class Endpoint {
  readonly #parts: EndpointParts;
  readonly #models = new Map<Service, Promise<ServiceModel>>();

  constructor(parts: EndpointParts) {
    this.#parts = parts;
  }

  /** @see refuseForeign */
  refuse(head: RequestHead): Reply | undefined {
    const reason = refuseForeign(head, this.#parts.routes);
    return reason === undefined ? undefined : plain(403, `${reason}\n`);
  }

  async handle(received: ReceivedRequest): Promise<Reply> {
    const route = this.#parts.routes.find(received.path);
    return route ? this.#answerRoute(received, route) : this.#answerAws(received);
  }

  async #answerRoute(received: ReceivedRequest, { access, handler }: Route): Promise<Reply> {
    if (received.oversized) return plain(413, 'Request Entity Too Large');
    const request = { ...received, query: new URLSearchParams(received.rawQuery) };
    const refused = access === 'administrator' ? this.#refuseStranger(request) : undefined;
    if (refused) return refused;
    try {
      const answer = await handler(request);
      return { kind: 'answer', status: answer.status, headers: answer.headers ?? {}, body: answer.body ?? '' };
    } catch (error) {
      if (error instanceof NoAnswer) return { kind: error.how };
      this.#parts.cloud.log(`${received.method} ${received.path}: ${describeFailure(error)}`);
      return plain(500, 'Internal Server Error');
    }
  }

  /** Paths below `/_local/` are the administrator's alone. */
  #refuseStranger(request: RawRequest): Reply | undefined {
    const { callers } = this.#parts;
    if (callers.hasPageToken(request.headers)) return undefined;
    try {
      if (callers.identifyLocal(request).kind === 'administrator') return undefined;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      if (error.code !== 'MissingAuthenticationTokenException') return plain(403, `${error.code}: ${error.message}\n`);
    }
    return plain(
      401,
      `Expected the token of this run in the header ${PAGE_TOKEN_HEADER}, or a signature of its administrator.\n`,
    );
  }

  async #answerAws(received: ReceivedRequest): Promise<Reply> {
    const talk: Conversation = {
      requestId: randomUUID(),
      spoken: guessSpoken(received),
      service: '',
      region: '',
      accessKeyId: '',
      dispatched: false,
    };
    const started = performance.now();
    try {
      return await this.#converse(received, talk);
    } catch (error) {
      if (error instanceof NoAnswer) return { kind: error.how };
      const answered = inProtocol(this.#asAwsError(error, talk), talk.spoken, talk.service);
      if (!talk.dispatched) this.#recordRefusal(talk, received, { code: answered.code, started });
      const answer = writeError(
        talk.model,
        answered,
        talk.spoken,
        talk.requestId,
        received.headers['x-amzn-query-mode'] !== undefined,
      );
      return { kind: 'answer', ...answer };
    }
  }

  async #converse(received: ReceivedRequest, talk: Conversation): Promise<Reply> {
    const { path, region: pathRegion } = splitRegion(received.path);
    const query = new URLSearchParams(received.rawQuery);
    const body = await decodeBody(received.body, received.headers, LONGEST_BODY_BYTES);
    const form = readForm({ ...received, body }, query);
    const credentials = readCredentials(received.headers, query);
    const recognised = recognise({ credentials, headers: received.headers, path, query, form });
    talk.service = recognised.service;
    if (credentials.kind === 'signature') talk.accessKeyId = credentials.signature.accessKeyId;
    const service = this.#parts.find(recognised.service);
    if (!service) throw unknownService(recognised.service);
    const model = await this.#modelOf(service);
    const request: WireRequest = { ...received, path, body, query, form };
    talk.model = model;
    talk.spoken = spokenBy(model, request);
    if (received.oversized) throw tooLarge();
    const region = pathRegion ?? recognised.region ?? this.#parts.cloud.region;
    talk.region = region;
    const principal = this.#parts.callers.identify(
      credentials,
      { ...received, query },
      { service: service.name, region },
    );
    const { operation, input } = readRequest(model, talk.spoken, request);
    talk.dispatched = true;
    const output = await this.#parts.dispatcher.dispatch({
      service,
      operation: operation.name,
      input,
      principal,
      region,
      source: 'wire',
      signal: received.signal,
      headers: received.headers,
      requestId: talk.requestId,
    });
    return { kind: 'answer', ...writeAnswer(model, operation, output, talk.spoken, talk.requestId) };
  }

  /** What was refused before it became a call: bad credentials, requests that cannot be read. */
  #recordRefusal(talk: Conversation, received: ReceivedRequest, end: { code: string; started: number }): void {
    this.#parts.recorder.add({
      time: this.#parts.cloud.clock.now().toISOString(),
      requestId: talk.requestId,
      source: 'wire',
      principal: talk.accessKeyId === '' ? 'anonymous' : `access key ${talk.accessKeyId}`,
      principalKind: 'anonymous',
      service: talk.service,
      operation: received.headers['x-amz-target']?.split('.').pop() ?? `${received.method} ${received.path}`,
      region: talk.region,
      resources: [],
      outcome: end.code,
      durationMilliseconds: performance.now() - end.started,
    });
  }

  #modelOf(service: Service): Promise<ServiceModel> {
    const known = this.#models.get(service);
    if (known) return known;
    const model = loadServiceModel(service);
    this.#models.set(service, model);
    return model;
  }

  #asAwsError(error: unknown, talk: Conversation): AwsError {
    if (error instanceof AwsError) {
      if (error.code === 'UnknownOperationException' && error.message !== '') {
        this.#parts.cloud.log(error.message);
      }
      return error;
    }
    this.#parts.cloud.log(`${talk.service} ${talk.requestId}: ${describeFailure(error)}`);
    return new AwsError('InternalFailure', 'The request processing has failed because of an unknown error.', {
      httpStatus: 500,
      cause: error,
    });
  }
}

// Errors that come before the service is known still have to be readable by the sender of the request.
function guessSpoken(received: ReceivedRequest): Spoken {
  const type = received.headers['content-type'] ?? '';
  if (received.headers['x-amz-target'] || type.includes('x-amz-json-1.1')) return 'awsJson1_1';
  if (type.includes('x-amz-json-1.0')) return 'awsJson1_0';
  return type.includes('x-www-form-urlencoded') ? 'awsQuery' : 'restJson1';
}

function readForm(received: ReceivedRequest, query: URLSearchParams): URLSearchParams | undefined {
  if (received.headers['content-type']?.includes('application/x-www-form-urlencoded')) {
    return new URLSearchParams(Buffer.from(received.body).toString('utf8'));
  }
  return received.method === 'GET' && query.has('Action') ? query : undefined;
}

/** `/_region/eu-west-1/…`: callers whose credentials name no region (bearer keys) say it in the endpoint's path. */
function splitRegion(path: string): { path: string; region?: string } {
  const found = /^\/_region\/([a-z]{2}(?:-[a-z]+)+-\d)(\/.*)$/.exec(path);
  return found ? { path: found[2] as string, region: found[1] as string } : { path };
}

function unknownService(name: string): AwsError {
  return new AwsError(
    'UnknownOperationException',
    `The laptop has no service "${name.slice(0, 64)}": SUPPORT.md of @keyturn/laptop lists what it has.`,
    { httpStatus: 404 },
  );
}

function tooLarge(): AwsError {
  return new AwsError('RequestEntityTooLargeException', 'The request body is over 16 MiB.', { httpStatus: 413 });
}

function plain(status: number, text: string): Reply {
  return { kind: 'answer', status, headers: { 'content-type': 'text/plain' }, body: text };
}
