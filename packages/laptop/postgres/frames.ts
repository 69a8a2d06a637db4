/**
 * Messages of the PostgreSQL wire protocol, as far as something between client and server needs them.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export interface Frame {
  /** The message's letter; empty for the untyped first message of a client. */
  readonly type: string;
  /** What follows letter and length. */
  readonly body: Buffer;
  /** The message as it came. */
  readonly raw: Buffer;
}

const LONGEST_MESSAGE_BYTES = 256 * 1024 * 1024;
/** What the server itself accepts as a first message (MAX_STARTUP_PACKET_LENGTH). */
const LONGEST_STARTUP_BYTES = 10_000;

export class BrokenFrame extends Error {
  readonly code = 'BrokenFrame';
}

/** Cuts a byte stream into messages. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  #missing = 0;

  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#missing -= chunk.length;
    if (this.#missing > 0) return []; // a long message: joined once, when all of it is there
    let bytes = this.#rest.length ? Buffer.concat([this.#rest, ...this.#chunks]) : Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#missing = 0;
    const frames: Frame[] = [];
    while (bytes.length >= 5) {
      const length = bytes.readUInt32BE(1);
      if (length < 4 || length > LONGEST_MESSAGE_BYTES) throw new BrokenFrame(`a message cannot have ${length} bytes`);
      const end = length + 1;
      if (bytes.length < end) {
        this.#missing = end - bytes.length;
        break;
      }
      const raw = bytes.subarray(0, end);
      frames.push({ type: String.fromCharCode(raw[0]!), body: raw.subarray(5), raw });
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
    return frames;
  }
}

export type FirstMessage =
  | { kind: 'tls' }
  | { kind: 'gss' }
  | { kind: 'cancel'; raw: Buffer; processId: number; secret: Buffer }
  | { kind: 'startup'; raw: Buffer; parameters: Readonly<Record<string, string>> };

const CODES = { tls: 80_877_103, gss: 80_877_104, cancel: 80_877_102 } as const;

/** Reads a client's first message; `undefined` while it is not all there. */
export function readFirstMessage(bytes: Buffer): FirstMessage | undefined {
  if (bytes.length < 8) return undefined;
  const length = bytes.readUInt32BE(0);
  if (length < 8 || length > LONGEST_STARTUP_BYTES) throw new BrokenFrame('invalid length of startup packet');
  if (bytes.length < length) return undefined;
  // Anything behind it was sent before we answered: no honest client does that, and behind SSLRequest it is an attack.
  if (bytes.length > length) throw new BrokenFrame('received unencrypted data after SSL request');
  const code = bytes.readUInt32BE(4);
  if (code === CODES.tls) return { kind: 'tls' };
  if (code === CODES.gss) return { kind: 'gss' };
  if (code === CODES.cancel) {
    return { kind: 'cancel', raw: bytes, processId: bytes.readUInt32BE(8), secret: bytes.subarray(12) };
  }
  if (code >>> 16 !== 3) throw new BrokenFrame(`unsupported frontend protocol ${code >>> 16}.${code & 0xffff}`);
  const words = bytes.subarray(8).toString('utf8').split('\0');
  const parameters: Record<string, string> = {};
  for (let index = 0; index + 1 < words.length && words[index]; index += 2) {
    parameters[words[index]!] = words[index + 1]!;
  }
  return { kind: 'startup', raw: bytes, parameters };
}

/** A zero-terminated string of a message and where the next field begins. */
export function readText(body: Buffer, from = 0): { text: string; next: number } {
  const end = body.indexOf(0, from);
  if (end < 0) throw new BrokenFrame('a string without its end');
  return { text: body.toString('utf8', from, end), next: end + 1 };
}

export function frame(type: string, ...parts: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)));
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export interface ServerError {
  readonly severity?: 'ERROR' | 'FATAL';
  /** SQLSTATE */
  readonly code: string;
  readonly message: string;
}

export function errorFrame({ severity = 'FATAL', code, message }: ServerError): Buffer {
  return frame('E', `S${severity}`, `V${severity}`, `C${code}`, `M${message}`, Buffer.from([0]));
}

export const readyFrame = (status: 'I' | 'T' | 'E') => frame('Z', Buffer.from(status));
