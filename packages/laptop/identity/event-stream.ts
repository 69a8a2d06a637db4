import { EventStreamCodec } from '@smithy/core/event-streams';
import { AwsError } from '../cloud.ts';

/** What a request declares whose body is a stream of events, each with a signature over itself and the one before. */
export const SIGNED_EVENTS = 'STREAMING-AWS4-HMAC-SHA256-EVENTS';

export interface SignedEvent {
  readonly date: Date;
  readonly signature: Uint8Array;
  /** The headers that are signed, as they are encoded: the date alone. */
  readonly headers: Uint8Array;
  readonly payload: Uint8Array;
}

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
);
const LENGTH_BYTES = 4;

/**
 * The frames of a body. @throws AwsError for bytes that are no frames, and for frames without a signature
 * https://docs.aws.amazon.com/transcribe/latest/dg/streaming-http2.html: how AWS signs them
 */
export function readSignedEvents(body: Uint8Array): SignedEvent[] {
  const events: SignedEvent[] = [];
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const length = at + LENGTH_BYTES <= bytes.length ? bytes.readUInt32BE(at) : 0;
    if (length < LENGTH_BYTES || at + length > bytes.length) throw unreadable();
    events.push(readEvent(bytes.subarray(at, at + length)));
    at += length;
  }
  return events;
}

function readEvent(frame: Uint8Array): SignedEvent {
  let message: ReturnType<typeof codec.decode>;
  try {
    message = codec.decode(frame);
  } catch (cause) {
    throw unreadable(cause);
  }
  const { ':date': date, ':chunk-signature': signature } = message.headers;
  if (date?.type !== 'timestamp' || signature?.type !== 'binary') throw unreadable();
  return {
    date: date.value,
    signature: signature.value,
    headers: codec.formatHeaders({ ':date': date }),
    payload: message.body,
  };
}

const unreadable = (cause?: unknown) =>
  new AwsError('SerializationException', 'Expected a stream of signed events.', { cause });
