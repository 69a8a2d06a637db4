import type { Clock } from './clock.ts';

/** What the rest of the cloud is to a service. Services reach each other through `call`, never by import. */
export interface Cloud {
  readonly accountId: string;
  /** The region that calls without one get. Services keep state per region where AWS does. */
  readonly region: string;
  readonly partition: 'aws';
  readonly clock: Clock;
  /** 0 ≤ x < 1; seeded in tests. */
  random(): number;
  /** `http://127.0.0.1:4599`: what functions get as AWS_ENDPOINT_URL. */
  readonly endpointUrl: string;
  /** A folder of this run, removed at close. */
  readonly directory: string;
  readonly settings: Settings;

  /** Calls an operation as `principal`, with authorisation, faults and recording as on the wire. Rejects with AwsError. */
  call<Output = any>(request: {
    service: string;
    operation: string;
    input: unknown;
    principal: Principal;
    region?: string;
    signal?: AbortSignal;
  }): Promise<Output>;

  /** A sibling's own state, for what AWS does inside (the proxy reads secrets' values, CloudWatch reads log lines). */
  service<S extends Service = Service>(name: string): S;

  /** Puts an event of an AWS service on the default bus, with the doubled and lost deliveries that `settings` ask for. */
  publish(event: ServiceEvent): void;

  /** Temporary credentials for a role, as an execution environment or an execution holds them. */
  assumeRole(roleArn: string, sessionName: string): SessionCredentials;

  /** Whether `principal` may do this; `false` comes with AWS's message. For checks inside an operation (PassRole, KMS). */
  authorise(principal: Principal, access: Access): Promise<{ allowed: boolean; message: string }>;

  /** Prints a line for the person in front of the laptop; never a secret's value. */
  readonly log: (line: string) => void;
}

export interface ServiceEvent {
  source: string;
  detailType: string;
  resources: string[];
  detail: unknown;
  region?: string;
  time?: Date;
}

export interface SessionCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  principal: Principal;
}

/** Who calls. Wire calls are resolved from their SigV4 credentials; calls inside the cloud name their principal. */
export interface Principal {
  readonly kind: 'administrator' | 'role' | 'user' | 'service' | 'anonymous';
  /** What AWS prints in refusals: `arn:aws:sts::111122223333:assumed-role/name/session`, `arn:aws:iam::…:user/name`. */
  readonly arn: string;
  /** The role's own ARN (`arn:aws:iam::…:role/name`) when kind is `role`; the user's ARN when kind is `user`. */
  readonly identityArn: string;
  /** `secretsmanager.amazonaws.com` when kind is `service`. */
  readonly servicePrincipal?: string;
  readonly accessKeyId?: string;
  /** The execution environment or the execution that holds the credentials: distinguishes callers of one role. */
  readonly sessionName?: string;
}

/** One call of one operation, as an operation sees it. */
export interface Call {
  readonly cloud: Cloud;
  readonly requestId: string;
  /** SigV4 signing name: `secretsmanager`, `lambda`, `states`, `events`, `rds`, … */
  readonly service: string;
  readonly operation: string;
  readonly region: string;
  readonly accountId: string;
  readonly principal: Principal;
  readonly source: 'wire' | 'inside';
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
  /** What the caller's HTTP request carried, lower-case names; empty for calls inside the cloud. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One permission a call needs; all of an operation's accesses must be allowed. */
export interface Access {
  /** `secretsmanager:GetSecretValue` */
  readonly action: string;
  /** Full ARN, or `*` for actions without a resource. */
  readonly resource: string;
  /** How the caller named the resource, which is how AWS names it in a refusal; the ARN when missing. */
  readonly shownAs?: string;
  /** The resource's own policy document, where it has one. */
  readonly resourcePolicy?: unknown;
  /** Condition keys beyond the global ones (`aws:SourceArn`, `secretsmanager:VersionStage`, tags …). */
  readonly context?: Readonly<Record<string, string | string[]>>;
}

export interface Operation<Input = any, Output = any> {
  /** Which permissions the call needs. Missing only where AWS asks for none (`sts:GetCallerIdentity`). */
  access?(input: Input, call: Call): Access[] | Promise<Access[]>;
  /** Lengths, patterns and enumerations, which the SDK's schemas do not carry. Throws AwsError. */
  validate?(input: Input, call: Call): void;
  handle(input: Input, call: Call): Output | Promise<Output>;
}

/**
 * A service of the cloud: operations behind one codec. The order for each call, on the wire and inside the cloud
 * alike, is record, `before` faults, validate, access, handle, `after` faults.
 */
export interface Service {
  /** SigV4 signing name. */
  readonly name: string;
  /** The AWS SDK's client package, whose exported schemas (`GetSecretValue$`) shape requests and answers. */
  schemas(): Promise<Record<string, unknown>>;
  readonly operations: Readonly<Record<string, Operation>>;
  /** Forgets everything. May be called at any time; work in progress is abandoned. */
  reset(): void | Promise<void>;
  /** Stops timers, processes and servers. May be called twice. */
  close?(): void | Promise<void>;
}

export type ServiceFactory = (cloud: Cloud) => Service;

/** An error as AWS answers it: `code` is the `__type`, `fields` are further members of the error shape. */
export class AwsError extends Error {
  readonly code: string;
  readonly httpStatus: number;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { httpStatus?: number; fields?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = code;
    this.code = code;
    this.httpStatus = options.httpStatus ?? 400;
    this.fields = options.fields ?? {};
  }
}

/** Where AWS leaves behaviour open or hostile. Defaults are the hostile reading; `friendly` switches each off. */
export interface Settings {
  /** Share of service events delivered twice, and lost. */
  eventsDuplicatedRate: number;
  eventsLostRate: number;
  /** Wait and Retry of state machines take this share of their time: 0.01 makes a minute 600 ms. */
  stateMachineTimeScale: number;
  /** How long a changed function keeps old environments answering, at the least and at the most. */
  functionUpdateMilliseconds: { least: number; most: number };
  /** How late the RDS proxy learns of a changed secret. */
  proxyRefreshMilliseconds: number;
  /** Whether the proxy loses role settings on pinned connections. */
  proxyLosesRoleSettings: boolean;
}

/**
 * Settings under which late, doubled and pinned behaviour is as frequent as AWS allows: for tests.
 *
 * @example
 * ```ts
 * import { createCloud, hostileSettings } from '@keyturn/laptop';
 *
 * const cloud = await createCloud({ settings: hostileSettings });
 * await cloud.close();
 * ```
 */
export const hostileSettings: Settings = {
  eventsDuplicatedRate: 0.1,
  eventsLostRate: 0,
  stateMachineTimeScale: 1,
  functionUpdateMilliseconds: { least: 200, most: 1_500 },
  proxyRefreshMilliseconds: 1_000,
  proxyLosesRoleSettings: true,
};
