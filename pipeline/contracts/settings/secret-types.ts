import type { CheckType } from '../check-types.ts';

/**
 * A function that reads the secret, and how it gets a new value. docs/consumers.md
 *
 * @example
 * { name: 'api', functionArn: api.functionArn, freshness: 'notify', maxAgeSeconds: 300, longestInvocationSeconds: 30 }
 */
export interface ConsumerSettings {
  /** What events and the dashboard call it. */
  readonly name: string;
  /** Its ARN, without a version. */
  readonly functionArn: string;
  /**
   * The alias that receives the traffic.
   * @default - $LATEST
   */
  readonly alias?: string;
  /**
   * How it gets fresh. `notify`: the pipeline invokes it with the new version's id. `recycle`: the pipeline changes one
   * variable of its, and Lambda replaces every environment. `expire`: its cache ends by itself.
   */
  readonly freshness: 'notify' | 'recycle' | 'expire';
  /** How long its environments keep a value, in seconds: the age of the cache. */
  readonly maxAgeSeconds: number;
  /** Its longest invocation, in seconds: an environment may go on with the value it began with. */
  readonly longestInvocationSeconds: number;
}

/** A check as the pipeline runs it. */
export interface CheckSettings {
  /** What events and notices call it. */
  readonly name: string;
  /** What it does. */
  readonly type: CheckType;
  /** The function that runs it: one of the pipeline's, or one that people bring. */
  readonly functionArn: string;
  /** What the check needs to know. Its own schema parses them. */
  readonly parameters: Record<string, unknown>;
}

/** Where the value goes besides: a parameter or a replica. */
export type MirrorSettings = ParameterMirrorSettings | ReplicaMirrorSettings;

/**
 * A SecureString of Parameter Store that holds the value, or one member of it. A standard parameter holds 4 KB.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
 */
export interface ParameterMirrorSettings {
  /** A parameter. */
  readonly to: 'parameter';
  /** Such as `/shop/payment`. */
  readonly parameterName: string;
  /**
   * The ARN of the key that encrypts the parameter.
   * @default - the account's key for Systems Manager
   */
  readonly keyId?: string;
  /**
   * One member of a JSON value, as a JSON pointer: `/api_key`.
   * @default - the whole value
   */
  readonly pointer?: string;
}

/** A replica of the secret. The secret's own `replicaRegions` make it; the pipeline waits until it has the new version. */
export interface ReplicaMirrorSettings {
  /** A replica. */
  readonly to: 'replica';
  /** Such as `eu-west-1`. */
  readonly region: string;
}

/** When the workflow rotates, for those who ask when the next rotation is. The schedule itself is EventBridge Scheduler's. */
export interface ScheduleSettings {
  /** `rate(30 days)` or `cron(0 3 ? * SUN *)`. https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html */
  readonly expression: string;
  /** Such as `Europe/Berlin`. */
  readonly timeZone: string;
  /**
   * The start is somewhere in so many minutes.
   * @default - at the minute
   */
  readonly windowMinutes?: number;
}
