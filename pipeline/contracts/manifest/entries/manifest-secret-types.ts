import type { SecretKind } from '../../secret-kinds.ts';
import type { ApiKeyProvider } from '../../settings/api-key-providers.ts';
import type {
  CheckSchedule,
  ManifestCheck,
  ManifestConsumer,
  ManifestMirror,
  Schedule,
  SecretReference,
} from './manifest-part-types.ts';

/** What a manifest says of one secret. */
export type ManifestSecret = RotatedManifestSecret | WatchedManifestSecret;

/** A secret that the pipeline rotates. */
export type RotatedManifestSecret = RotatedManifestSecrets[SecretKind];

/** The entries of a manifest by kind. */
export interface RotatedManifestSecrets {
  /** Logins of PostgreSQL. */
  readonly postgres: PostgresManifestSecret;
  /** Signing keys of JSON web tokens. */
  readonly jwt: JwtManifestSecret;
  /** Keys of APIs. */
  readonly 'api-key': ApiKeyManifestSecret;
}

/** What follows a new value, however it was put. */
export interface ManifestFollowers {
  /** The functions that read the secret. */
  readonly consumers: ManifestConsumer[];
  /** What proves a new value. */
  readonly checks: ManifestCheck[];
  /** Where the value goes besides. */
  readonly mirrors: ManifestMirror[];
}

/** A secret whose value others put: the pipeline brings it to its consumers and checks it, and never rotates it. */
export interface WatchedManifestSecret extends ManifestFollowers {
  /** Others put its value. */
  readonly kind: 'watched';
  /** An existing secret. */
  readonly secret: SecretReference;
}

/** What every kind of rotated secret has. */
export interface RotatedManifestMembers extends ManifestFollowers {
  /** An existing secret, or a new one that the stack makes. */
  readonly secret: SecretReference;
  /** When the workflow rotates. */
  readonly schedule: Schedule;
  /**
   * When the checks run without a rotation.
   * @default - after rotations and on demand
   */
  readonly checkSchedule?: CheckSchedule;
  /**
   * Secrets with the same group are rotated by one execution of rotate-fleet.
   * @default - in no group
   */
  readonly group?: string;
  /** Secrets Manager's own schedule, in days: the safety net, or with `"schedule": "native"` the only one. */
  readonly nativeIntervalDays: number;
  /** How long the previous credential is kept for roll-back and slow consumers, in seconds. */
  readonly gracePeriodSeconds: number;
  /** How long Secrets Manager's own attempts may take before the workflow gives up the candidate, in seconds. */
  readonly promotionTimeoutSeconds: number;
  /** How often retirement asks again whether the previous credential is in use, in seconds. */
  readonly evidenceIntervalSeconds: number;
  /** Whether the pipeline rolls back a value that a person put and whose checks fail. */
  readonly rollBackHandPutValues: boolean;
}

/** A login of PostgreSQL. docs/manifest.md#postgres */
export interface PostgresManifestSecret extends RotatedManifestMembers {
  /** A login of PostgreSQL. */
  readonly kind: 'postgres';
  /**
   * `alternating-users`: two logins in turn, so that both work during a rotation. `single-user`: one login, in place.
   * `superuser`: the password of an instance or cluster, through the RDS API.
   */
  readonly strategy: 'alternating-users' | 'single-user' | 'superuser';
  /**
   * The name or ARN of the administrator's secret.
   * @default - none; alternating users need one
   */
  readonly superuserSecret?: string;
  /**
   * The key that encrypts the administrator's secret, where that is a customer's.
   * @default - the account's own key for Secrets Manager
   */
  readonly superuserSecretKmsKeyArn?: string;
  /**
   * Further names of the superuser secret's host, such as a CNAME of a private zone: `["db.shop.internal"]`.
   * @default - none
   */
  readonly hostAliases?: readonly string[];
  /**
   * The role that owns what the logins create.
   * @default - the base login
   */
  readonly ownerRole?: string;
  /**
   * 16 to 128 characters.
   * @default 32
   */
  readonly passwordLength?: number;
  /**
   * Characters that no password holds.
   * @default - all punctuation but `-._~`
   */
  readonly excludeCharacters?: string;
  /**
   * The RDS Proxy that consumers connect to.
   * @default - consumers connect to the instance
   */
  readonly proxy?: ManifestProxy;
  /**
   * What the rotation function may look up in RDS.
   * @default - the rotation function asks RDS nothing
   */
  readonly database?: ManifestDatabase;
}

/** An RDS Proxy that consumers connect to. */
export interface ManifestProxy {
  /** DBProxyName. */
  readonly name: string;
  /** The host that consumers connect to. */
  readonly endpoint: string;
  /**
   * Who owns what the second login creates. `init-query`: the proxy's InitQuery is SET ROLE to the owner role. `reassign`:
   * each rotation hands it over.
   */
  readonly ownership: 'init-query' | 'reassign';
  /**
   * A proxy that authenticates by password knows the secrets of both logins.
   * @default - the proxy authenticates otherwise
   */
  readonly loginSecrets?: ManifestLoginSecrets;
  /**
   * The key that encrypts the logins' secrets, where that is a customer's.
   * @default - the account's own key for Secrets Manager
   */
  readonly loginSecretsKmsKeyArn?: string;
}

/** The secrets of both logins, registered with a proxy: names or ARNs. */
export interface ManifestLoginSecrets {
  /** The login that the secret begins with. */
  readonly base: string;
  /** The login that the first rotation makes. */
  readonly second: string;
}

/** The RDS identifiers that the rotation function may look up. */
export interface ManifestDatabase {
  /**
   * DBInstanceIdentifier.
   * @default - none
   */
  readonly instance?: string;
  /**
   * DBClusterIdentifier.
   * @default - none
   */
  readonly cluster?: string;
  /**
   * Where the secret's host is a replica or a reader: the instance or cluster that it reads from.
   * @default - the host accepts writes
   */
  readonly readerOf?: string;
}

/** A signing key of JSON web tokens. docs/manifest.md#jwt */
export interface JwtManifestSecret extends RotatedManifestMembers {
  /** A signing key. */
  readonly kind: 'jwt';
  /**
   * The algorithm of keys made from now on.
   * @default - as the current key
   */
  readonly algorithm?: JwtAlgorithm;
  /**
   * The longest lifetime of a token, in seconds.
   * @default - jwt_access_token_expire_minutes of the value
   */
  readonly longestTokenLifetimeSeconds?: number;
  /**
   * The public keys at a URL of their own. The stack's output names it.
   * @default - not published
   */
  readonly publicKeys?: ManifestPublicKeys;
}

/** https://www.rfc-editor.org/rfc/rfc7518#section-3.1 */
export type JwtAlgorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA';

/** How the public keys are served. */
export interface ManifestPublicKeys {
  /** How long verifiers may keep the key set, in seconds. */
  readonly maxAgeSeconds: number;
}

/** A key of an API. docs/api-keys.md */
export interface ApiKeyManifestSecret extends RotatedManifestMembers {
  /** A key of an API. */
  readonly kind: 'api-key';
  /** Who makes the keys. */
  readonly provider: ApiKeyProvider;
  /** The provider's own settings. Its schema parses them. */
  readonly parameters: Record<string, unknown>;
}
