import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { AwsError } from '../cloud.ts';

export class RequestTooLarge extends Error {
  readonly code = 'RequestTooLarge';
  constructor(mostBytes: number) {
    super(`The request body is over ${mostBytes} bytes.`);
    this.name = 'RequestTooLarge';
  }
}

/** Reads a body whole; rejects with RequestTooLarge, the rest unread, when it is longer than `mostBytes`. */
export function readBody(stream: Readable, mostBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= mostBytes) return void chunks.push(chunk);
      chunks.length = 0;
      reject(new RequestTooLarge(mostBytes));
    });
    stream.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    stream.on('error', reject);
    stream.on('aborted', () => reject(new Error('The caller has gone.')));
  });
}

const inflate = promisify(gunzip);

/** The body as its sender wrote it: CloudWatch's clients compress large requests, and sign what they compressed. */
export async function decodeBody(
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
  mostBytes: number,
): Promise<Uint8Array> {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity' || body.length === 0) return body;
  if (encoding !== 'gzip') {
    throw new AwsError('SerializationException', `Content-Encoding ${encoding.slice(0, 32)} is not supported.`);
  }
  try {
    return await inflate(body, { maxOutputLength: mostBytes });
  } catch (cause) {
    throw new AwsError('SerializationException', 'The request body could not be decompressed.', { cause });
  }
}
