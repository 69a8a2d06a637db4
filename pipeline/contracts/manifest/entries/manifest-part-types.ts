import type { CheckType } from '../../check-types.ts';

/** An existing secret, by its ARN or its name, or a new one that the stack makes. */
export type SecretReference = SecretByArn | SecretByName | NewSecretReference;

/** An existing secret, by its ARN. */
export interface SecretByArn {
  /** The complete ARN, with the six characters at its end. */
  readonly arn: string;
  /**
   * The customer's key that encrypts the secret.
   * @default - the account's key for Secrets Manager
   */
  readonly kmsKeyArn?: string;
}

/** An existing secret, by its name. */
export interface SecretByName {
  /** Its name in Secrets Manager. */
  readonly name: string;
  /**
   * The customer's key that encrypts the secret.
   * @default - the account's key for Secrets Manager
   */
  readonly kmsKeyArn?: string;
}

/** A secret that the stack makes. */
export interface NewSecretReference {
  /** The secret to make. */
  readonly new: NewManifestSecret;
}

/** How a new secret begins. Secrets Manager generates its first value, so that the template does not hold it. */
export interface NewManifestSecret {
  /** Its name in Secrets Manager. */
  readonly name: string;
  /**
   * What people read in the console.
   * @default - none
   */
  readonly description?: string;
  /**
   * The members of the value that are no secret: user name, host …
   * @default - the generated member alone
   */
  readonly template?: Record<string, unknown>;
  /**
   * The customer's key that encrypts the secret.
   * @default - the account's key for Secrets Manager
   */
  readonly kmsKeyArn?: string;
}

/** A function that reads the secret. */
export interface ManifestConsumer {
  /**
   * What events and the dashboard call it.
   * @default - the function's name
   */
  readonly name?: string;
  /** The function's name or ARN, without a version. */
  readonly function: string;
  /**
   * The alias that receives the traffic.
   * @default - $LATEST
   */
  readonly alias?: string;
  /** How it gets fresh: it is notified, its environments are replaced, or its cache ends by itself. */
  readonly freshness: 'notify' | 'recycle' | 'expire';
  /** How long its environments keep a value, in seconds. */
  readonly maxAgeSeconds: number;
  /** Its longest invocation, in seconds: an environment may go on with the value it began with. */
  readonly longestInvocationSeconds: number;
}

/** A check that proves a new value. docs/checks.md */
export interface ManifestCheck {
  /**
   * What events and notices call it.
   * @default - the function's name, or the type
   */
  readonly name?: string;
  /** What the check does; `function` for a check of one's own. */
  readonly type: CheckType;
  /**
   * The name or ARN of a function. `function`: the check itself. `consumer`: which consumer answers the canary.
   * @default - for `consumer`, the only consumer
   */
  readonly function?: string;
  /** What the check needs to know. Its own schema parses them. */
  readonly parameters: Record<string, unknown>;
}

/** Where the value goes besides: a parameter or a replica. */
export type ManifestMirror = ManifestParameterMirror | ManifestReplicaMirror;

/** A SecureString of Parameter Store that holds the value, or one member of it. */
export interface ManifestParameterMirror {
  /** The parameter's name. */
  readonly parameter: string;
  /**
   * The ARN of the key that encrypts the parameter.
   * @default - the account's key for Systems Manager
   */
  readonly keyId?: string;
  /**
   * One member of a JSON value, as a JSON pointer.
   * @default - the whole value
   */
  readonly pointer?: string;
}

/** A replica of the secret. The secret's own replication makes it; the pipeline waits for it. */
export interface ManifestReplicaMirror {
  /** The replica's region. */
  readonly replica: string;
}

/** When the workflow rotates. `native`: Secrets Manager's own schedule and no other. */
export type Schedule = 'native' | IntervalSchedule | ExpressionSchedule;

/** Every so many days. */
export interface IntervalSchedule {
  /** 1 to 1000. */
  readonly everyDays: number;
  /** Such as `Europe/Berlin`. */
  readonly timeZone: string;
  /**
   * The start is somewhere in so many minutes, 1 to 1440: a fleet does not start at once.
   * @default - at the minute
   */
  readonly windowMinutes?: number;
}

/** As EventBridge Scheduler writes it. https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html */
export interface ExpressionSchedule {
  /** `rate(12 hours)` or `cron(0 3 ? * SUN *)`. */
  readonly expression: string;
  /** Such as `Europe/Berlin`. */
  readonly timeZone: string;
  /**
   * The start is somewhere in so many minutes, 1 to 1440: a fleet does not start at once.
   * @default - at the minute
   */
  readonly windowMinutes?: number;
}

/** When the checks run without a rotation. */
export interface CheckSchedule {
  /** `rate(1 hour)` or `cron(0 3 ? * SUN *)`. */
  readonly expression: string;
  /** Such as `Europe/Berlin`. */
  readonly timeZone: string;
}
