import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { Certificate } from './certificates.ts';
import { errorFrame, type FirstMessage, readFirstMessage, type ServerError } from './frames.ts';

const FIRST_MESSAGE_MILLISECONDS = 30_000;

export type Startup = Extract<FirstMessage, { kind: 'startup' }>;
export type Cancel = Extract<FirstMessage, { kind: 'cancel' }>;

export interface Visitor {
  /** Where the conversation goes on: the TLS stream, or the socket itself. */
  readonly stream: Socket;
  readonly encrypted: boolean;
  readonly first: Startup | Cancel;
}

export const secureContext = ({ certificatePem, privateKeyPem }: Certificate): SecureContext =>
  createSecureContext({ cert: certificatePem, key: privateKeyPem, minVersion: 'TLSv1.2' });

/** Answers SSLRequest and GSSENCRequest as a server does, and ends TLS here. Rejects when the visitor goes or talks nonsense. */
export async function receive(socket: Socket, context: SecureContext): Promise<Visitor> {
  const timeout = setTimeout(() => socket.destroy(), FIRST_MESSAGE_MILLISECONDS);
  try {
    let stream = socket;
    for (;;) {
      const first = await readFirst(stream);
      if (first.kind === 'tls' && stream === socket) {
        socket.write('S');
        stream = new TLSSocket(socket, { isServer: true, secureContext: context });
        await Promise.race([once(stream, 'secure'), once(socket, 'close').then(left)]);
      } else if (first.kind === 'tls' || first.kind === 'gss') {
        stream.write('N');
      } else {
        return { stream, encrypted: stream !== socket, first };
      }
    }
  } finally {
    clearTimeout(timeout);
  }
}

/** Who does not like the certificate hangs up without a word. */
function left(): never {
  throw new Error('the visitor left before its first message');
}

function readFirst(stream: Socket): Promise<FirstMessage> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    const settle = (act: () => void) => {
      stream.pause();
      stream.off('data', onData).off('close', onEnd).off('end', onEnd).off('error', onError);
      act();
    };
    const onError = (error: Error) => settle(() => reject(error));
    const onEnd = () => settle(() => reject(new Error('the visitor left before its first message')));
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      try {
        const message = readFirstMessage(bytes);
        if (message) settle(() => resolve(message));
      } catch (error) {
        settle(() => reject(error));
      }
    };
    stream.on('data', onData).on('close', onEnd).on('end', onEnd).on('error', onError);
    stream.resume();
  });
}

/** Says why, as a server does before it hangs up. */
export function turnAway(stream: Socket, error: ServerError): void {
  stream.on('error', () => stream.destroy());
  stream.end(errorFrame(error));
  stream.resume();
}
