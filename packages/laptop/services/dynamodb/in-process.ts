import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';

type Handler = Extract<NonNullable<DynamoDBClientConfig['requestHandler']>, { handle: unknown }>;

/** The part of a request that dynalite reads. */
class Request extends EventEmitter {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(method: string, url: string, headers: Readonly<Record<string, string>>) {
    super();
    this.method = method;
    this.url = url;
    this.headers = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  }
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The part of a response that dynalite writes. */
class Response {
  statusCode = 200;
  readonly #headers: Record<string, string> = {};
  readonly #done: (answer: Answer) => void;

  constructor(done: (answer: Answer) => void) {
    this.#done = done;
  }

  setHeader(name: string, value: unknown): void {
    this.#headers[name.toLowerCase()] = String(value);
  }

  end(body: string | Uint8Array = ''): void {
    this.#done({ statusCode: this.statusCode, headers: this.#headers, body: Buffer.from(body) });
  }
}

const bytesOf = (body: string | Uint8Array | undefined): Buffer =>
  body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : Buffer.from(body ?? '');

/** The server stumbled over a request (dynalite does over an attribute called `__proto__`). */
export class RequestUnreadable extends Error {
  readonly code = 'RequestUnreadable';
}

/**
 * Hands the SDK's requests to a server of this process, without a port. What the server throws while it reads a request
 * fails that request, where an event of a socket would end the process.
 */
export function inProcess(server: Server): Handler {
  return {
    metadata: { handlerProtocol: 'in-process' },
    handle: ({ method, path, headers, body }: any) =>
      new Promise((resolve, reject) => {
        const request = new Request(method, path, headers);
        const response = new Response((answer) => resolve({ response: answer as never }));
        try {
          server.emit('request', request, response);
          request.emit('data', bytesOf(body));
          request.emit('end');
        } catch (cause) {
          reject(new RequestUnreadable('The server could not read the request.', { cause }));
        }
      }),
    destroy: () => undefined,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  } as Handler;
}
