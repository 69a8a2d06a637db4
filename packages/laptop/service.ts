import type { Cloud } from './cloud.ts';

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
  /** The execution environment or the execution that holds the credentials: tells callers of one role apart. */
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
