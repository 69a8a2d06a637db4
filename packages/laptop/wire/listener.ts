import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { RequestTooLarge, readBody } from './body.ts';

/** A request of either HTTP version. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly rawQuery: string;
  /** Lower-case names; `host` is there in HTTP/2 too. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The body was over the limit and was not read to its end. */
  readonly oversized: boolean;
  readonly sourceIp: string;
  readonly signal: AbortSignal;
}

export type Reply =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string | readonly string[]>>;
      readonly body: string | Uint8Array;
    }
  | { readonly kind: 'reset' }
  /** The connection stays open without an answer until the caller gives up. */
  | { readonly kind: 'never' };

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

const HTTP2_PREFACE = 'PRI';
export const LONGEST_BODY_BYTES = 16 * 1024 * 1024;

/**
 * One port of 127.0.0.1 for HTTP/1.1 and cleartext HTTP/2, told apart by the first bytes: the SDK's Bedrock client
 * speaks HTTP/2 without asking first.
 */
export async function listen(
  port: number,
  handle: (request: ReceivedRequest) => Promise<Reply>,
  onFailure: (error: unknown) => void,
): Promise<Listener> {
  const sockets = new Set<net.Socket>();
  const onRequest = (
    request: http.IncomingMessage | http2.Http2ServerRequest,
    response: http.ServerResponse | http2.Http2ServerResponse,
  ) =>
    serve(request, response, handle).catch((error) => {
      // Nothing that goes wrong with one answer may end the endpoint.
      onFailure(error);
      response.destroy();
    });
  const one = http.createServer({ keepAliveTimeout: 65_000 }, onRequest);
  const two = http2.createServer({}, onRequest);
  // A client that breaks the protocol, or goes away, ends its own session only.
  two.on('sessionError', () => {});
  const front = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null;
      if (first === null) return socket.end();
      const server = first.toString('latin1', 0, 3) === HTTP2_PREFACE ? two : one;
      socket.unshift(first);
      server.emit('connection', socket);
    });
  });
  front.listen(port, '127.0.0.1');
  await once(front, 'listening');
  return {
    port: (front.address() as net.AddressInfo).port,
    async close() {
      if (!front.listening) return;
      const closed = once(front, 'close');
      front.close();
      for (const socket of sockets) socket.destroy();
      one.close();
      two.close();
      await closed;
    },
  };
}

async function serve(
  request: http.IncomingMessage | http2.Http2ServerRequest,
  response: http.ServerResponse | http2.Http2ServerResponse,
  handle: (request: ReceivedRequest) => Promise<Reply>,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) gone.abort(new Error('The caller has gone.'));
  });
  let body: Uint8Array = new Uint8Array();
  let oversized = false;
  try {
    body = await readBody(request, LONGEST_BODY_BYTES);
  } catch (error) {
    // A body over the limit is answered; a connection that broke while sending it has nobody to answer.
    if (!(error instanceof RequestTooLarge)) return void response.destroy();
    oversized = true;
  }
  const [path = '/', rawQuery = ''] = splitOnce(request.url ?? '/', '?');
  const reply = await handle({
    method: request.method ?? 'GET',
    path,
    rawQuery,
    headers: readHeaders(request.headers),
    body,
    oversized,
    sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
    signal: gone.signal,
  });
  send(reply, request, response, oversized);
}

function send(
  reply: Reply,
  request: http.IncomingMessage | http2.Http2ServerRequest,
  response: http.ServerResponse | http2.Http2ServerResponse,
  oversized: boolean,
): void {
  if (reply.kind === 'never' || response.destroyed) return;
  if (reply.kind === 'reset') {
    if ('stream' in response) response.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    else (request.socket as net.Socket).resetAndDestroy();
    return;
  }
  response.statusCode = reply.status;
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value as string | string[]);
  const bytes = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body;
  if (reply.status !== 204 && reply.status !== 304) response.setHeader('content-length', bytes.length);
  if (oversized && !('stream' in response)) response.setHeader('connection', 'close');
  (response as http.ServerResponse).end(request.method === 'HEAD' ? undefined : bytes);
}

function readHeaders(headers: http.IncomingHttpHeaders): Record<string, string> {
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const text = Array.isArray(value) ? value.join(name === 'cookie' ? '; ' : ', ') : value;
    if (name === ':authority') read.host ??= text;
    else if (!name.startsWith(':')) read[name] = text;
  }
  return read;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
