/** Messages on the pipe between the laptop and an execution environment: four bytes of length, then JSON. */
export function writeFrame(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  const frame = Buffer.allocUnsafe(4 + body.length);
  frame.writeUInt32BE(body.length, 0);
  body.copy(frame, 4);
  return frame;
}

/** Puts frames together again from chunks of any size. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;

  /** Answers the messages that are whole now. Throws a SyntaxError when the other side does not keep to the format. */
  push(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const messages: unknown[] = [];
    for (;;) {
      const length = this.#length < 4 ? undefined : this.#whole(4).readUInt32BE(0);
      if (length === undefined || this.#length < 4 + length) return messages;
      const buffer = this.#whole(4 + length);
      messages.push(JSON.parse(buffer.toString('utf8', 4, 4 + length)));
      this.#chunks = buffer.length > 4 + length ? [buffer.subarray(4 + length)] : [];
      this.#length -= 4 + length;
    }
  }

  #whole(atLeast: number): Buffer {
    const first = this.#chunks[0];
    if (this.#chunks.length === 1 || (first && first.length >= atLeast)) return first as Buffer;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}
