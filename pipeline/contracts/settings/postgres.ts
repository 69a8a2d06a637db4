import * as v from 'valibot';
import { DatabaseRole, ExcludedCharacters, ProxyName, SecretArn } from '../grammar/aws-names.ts';
import { Host } from '../grammar/hosts.ts';

/** All printable punctuation but `-._~`. https://www.rfc-editor.org/rfc/rfc3986#section-2.3 */
export const defaultExcludedCharacters = '!"#$%&\'()*+,/:;<=>?@[\\]^`{|}';

const seconds = v.pipe(v.number(), v.integer(), v.minValue(0));

export const ProxySettings = v.object({
  /** DBProxyName. */
  name: ProxyName,
  /** The host that consumers connect to. */
  endpoint: Host,
  port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
  /**
   * With password authentication a proxy knows only the users whose secrets are registered with it: one secret for
   * each of the two logins. Missing: the proxy authenticates otherwise (end-to-end IAM).
   */
  loginSecretArns: v.optional(v.object({ base: SecretArn, second: SecretArn })),
  /** `init-query`: the proxy's InitQuery is SET ROLE to the owner role. `reassign`: each rotation hands over what the second login owns. */
  ownership: v.optional(v.picklist(['init-query', 'reassign']), 'reassign'),
  /** A proxy reads AWSCURRENT late: for so long a refused login through it is tried again. */
  refreshBoundSeconds: v.optional(seconds, 30),
});
export type ProxySettings = v.InferOutput<typeof ProxySettings>;

/** What the manifest says of a PostgreSQL secret. */
export const PostgresSettings = v.object({
  strategy: v.optional(v.picklist(['alternating-users', 'single-user', 'superuser']), 'alternating-users'),
  /** Missing: `masterarn` of the payload. */
  superuserSecretArn: v.optional(SecretArn),
  /** Further names of the superuser secret's host: a CNAME of a private zone. */
  hostAliases: v.optional(v.array(Host), []),
  /** Missing: the base login, which then owns everything. */
  ownerRole: v.optional(DatabaseRole),
  /** What would have to be encoded in a URL, or quoted in a shell: RFC 3986 leaves `-._~` of the punctuation. */
  excludeCharacters: v.optional(ExcludedCharacters, defaultExcludedCharacters),
  passwordLength: v.optional(v.pipe(v.number(), v.integer(), v.minValue(16), v.maxValue(128)), 32),
  proxy: v.optional(ProxySettings),
  /** After this, every consumer uses the new login. */
  convergenceBoundSeconds: v.optional(seconds, 330),
  /** `superuser`: how long RDS may take to apply a password. */
  applyTimeoutSeconds: v.optional(seconds, 240),
});
export type PostgresSettings = v.InferOutput<typeof PostgresSettings>;
