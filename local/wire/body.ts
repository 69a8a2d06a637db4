import type { Readable } from 'node:stream';

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
