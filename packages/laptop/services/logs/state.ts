import type { Clock } from '../../clock.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html: what a message costs beside its bytes. */
const EVENT_OVERHEAD_BYTES = 26;
/** The laptop keeps this much of a stream; the oldest lines go first. */
const MOST_EVENTS_A_STREAM = 20_000;

export interface LogEvent {
  readonly id: string;
  readonly timestamp: number;
  readonly ingestionTime: number;
  readonly message: string;
}

export interface LogStream {
  readonly name: string;
  readonly creationTime: number;
  /** In the order of their timestamps. */
  readonly events: LogEvent[];
  storedBytes: number;
}

export interface LogGroup {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
  readonly creationTime: number;
  readonly logGroupClass: string;
  retentionInDays?: number;
  kmsKeyId?: string;
  readonly tags: Map<string, string>;
  readonly streams: Map<string, LogStream>;
}

/** A line as it arrived. */
export interface LogLine {
  readonly region: string;
  readonly group: string;
  readonly stream: string;
  readonly text: string;
  readonly time: Date;
}

export class LogsState {
  readonly #groups = new Map<string, LogGroup>();
  readonly #clock: Clock;
  readonly #accountId: string;
  #sequence = 0n;

  constructor(clock: Clock, accountId: string) {
    this.#clock = clock;
    this.#accountId = accountId;
  }

  group(region: string, name: string): LogGroup | undefined {
    return this.#groups.get(`${region} ${name}`);
  }

  groups(region: string): LogGroup[] {
    return [...this.#groups.values()]
      .filter((group) => group.region === region)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  addGroup(
    region: string,
    name: string,
    more: { retentionInDays?: number; kmsKeyId?: string; class?: string } = {},
  ): LogGroup {
    const group: LogGroup = {
      name,
      region,
      arn: `arn:aws:logs:${region}:${this.#accountId}:log-group:${name}`,
      creationTime: this.#clock.now().getTime(),
      logGroupClass: more.class ?? 'STANDARD',
      ...(more.retentionInDays === undefined ? {} : { retentionInDays: more.retentionInDays }),
      ...(more.kmsKeyId === undefined ? {} : { kmsKeyId: more.kmsKeyId }),
      tags: new Map(),
      streams: new Map(),
    };
    this.#groups.set(`${region} ${name}`, group);
    return group;
  }

  removeGroup(group: LogGroup): void {
    this.#groups.delete(`${group.region} ${group.name}`);
  }

  addStream(group: LogGroup, name: string): LogStream {
    const stream = { name, creationTime: this.#clock.now().getTime(), events: [], storedBytes: 0 };
    group.streams.set(name, stream);
    return stream;
  }

  addEvent(stream: LogStream, timestamp: number, message: string): void {
    const ingestionTime = this.#clock.now().getTime();
    this.#sequence += 1n;
    // AWS's ids are long numbers that grow with time.
    const id = `${BigInt(timestamp) * 10_000_000_000n + this.#sequence}`.padStart(56, '3');
    const event = { id, timestamp, ingestionTime, message };
    const { events } = stream;
    let at = events.length;
    while (at > 0 && (events[at - 1] as LogEvent).timestamp > timestamp) at--;
    events.splice(at, 0, event);
    stream.storedBytes += Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES;
    if (events.length > MOST_EVENTS_A_STREAM) events.splice(0, MOST_EVENTS_A_STREAM / 10);
  }

  /** What retention has not yet taken away. */
  visible(group: LogGroup, stream: LogStream): readonly LogEvent[] {
    if (group.retentionInDays === undefined) return stream.events;
    const oldest = this.#clock.now().getTime() - group.retentionInDays * 86_400_000;
    return stream.events.filter((event) => event.timestamp >= oldest);
  }

  clear(): void {
    this.#groups.clear();
  }
}
