import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { RequestTooLarge, readBody } from './body.ts';
import type { RequestHead } from './door.ts';

/** A request of either HTTP version; the header `host` is there in HTTP/2 too. */
export interface ReceivedRequest extends RequestHead {
  readonly rawQuery: string;
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

/** What stands behind the port. */
export interface Handling {
  /** Called before the body is read. A reply refuses the request. */
  refuse(head: RequestHead): Reply | undefined;
  handle(request: ReceivedRequest): Promise<Reply>;
  onFailure(error: unknown): void;
}

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

const HTTP2_PREFACE = 'PRI';
export const LONGEST_BODY_BYTES = 16 * 1024 * 1024;

/**
 * One port of 127.0.0.1 for HTTP/1.1 and cleartext HTTP/2, distinguished by the first bytes: the SDK's Bedrock client
 * speaks HTTP/2 without asking first.
 */
export async function listen(port: number, handling: Handling): Promise<Listener> {
  const sockets = new Set<net.Socket>();
  const onRequest = (
    request: http.IncomingMessage | http2.Http2ServerRequest,
    response: http.ServerResponse | http2.Http2ServerResponse,
  ) =>
    serve(request, response, handling).catch((error) => {
      // Nothing that goes wrong with one answer may end the endpoint.
      handling.onFailure(error);
      response.destroy();
    });
  const one = http.createServer({ keepAliveTimeout: 65_000 }, onRequest);
  one.on('clientError', answerNoHttp);
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

/** What Node answers to bytes that are no HTTP, and a Date with it: clients set their clocks by it. */
function answerNoHttp(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nDate: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n`);
}

async function serve(
  request: http.IncomingMessage | http2.Http2ServerRequest,
  response: http.ServerResponse | http2.Http2ServerResponse,
  { refuse, handle }: Handling,
): Promise<void> {
  const [path = '/', rawQuery = ''] = splitOnce(request.url ?? '/', '?');
  const head: RequestHead = { method: request.method ?? 'GET', path, headers: readHeaders(request.headers) };
  const refused = refuse(head);
  // The body stays unread, and the connection ends with the answer.
  if (refused) return send(refused, request, response, true);
  const gone = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) gone.abort(new Error('The caller has gone.'));
  });
  let body: Uint8Array = new Uint8Array();
  let oversized = false;
  try {
    body = await readBody(request, LONGEST_BODY_BYTES);
  } catch (error) {
    // A body over the limit is answered; a connection that broke while sending it cannot be answered.
    if (!(error instanceof RequestTooLarge)) return void response.destroy();
    oversized = true;
  }
  const reply = await handle({
    ...head,
    rawQuery,
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
  isLast: boolean,
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
  if (isLast && !('stream' in response)) response.setHeader('connection', 'close');
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
