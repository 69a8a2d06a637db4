import * as v from 'valibot';
import { declared } from '../declared.ts';
import { eventPrivileges, REQUESTER_ARN } from '../event-requests.ts';
import { kindContracts } from '../kinds/kind-contracts.ts';
import { managedKinds } from '../secret-kinds.ts';
import { Consumer, followers, SecretReference, text } from './entries/manifest-entry.ts';
import type * as parts from './entries/manifest-part-types.ts';
import type * as secrets from './entries/manifest-secret-types.ts';
import type * as types from './manifest-types.ts';

export type { ManifestCheck, ManifestConsumer, ManifestMirror } from './entries/manifest-part-types.ts';
export type { PostgresManifestSecret, RotatedManifestSecret } from './entries/manifest-secret-types.ts';
export type { ManifestParameter } from './manifest-types.ts';

/**
 * The manifest: what a person says of each secret. Parsed at synthesis and by `keyturn plan`; unknown keys and unsafe
 * combinations are refused with what to write instead. docs/manifest.md explains it.
 */
const WatchedSecret = declared<secrets.WatchedManifestSecret>()(
  v.strictObject({ kind: v.literal('watched'), secret: SecretReference, ...followers }),
);

const ManifestSecret = declared<secrets.ManifestSecret>()(
  v.variant(
    'kind',
    [...Object.values(kindContracts).map(({ entry }) => entry), WatchedSecret],
    `${managedKinds
      .slice(0, -1)
      .map((kind) => `"${kind}"`)
      .join(', ')} or "watched"`,
  ),
);
export type ManifestSecret = secrets.ManifestSecret;

const WatchedParameter = declared<types.ManifestParameter>()(
  v.strictObject({ consumers: v.pipe(v.array(Consumer), v.minLength(1, 'one consumer or more')) }),
);

export const Manifest = declared<types.Manifest>()(
  v.strictObject({
    $schema: v.optional(v.string()),
    pipeline: v.optional(
      v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,30}$/, 'lower-case letters, digits and hyphens')),
      'keyturn',
    ),
    /** Where functions that reach databases run. */
    network: v.optional(
      v.strictObject({
        vpcId: text,
        subnetIds: v.pipe(v.array(text), v.minLength(1, 'one subnet or more')),
        /** Missing: the stack makes one that lets everything out. */
        securityGroupIds: v.optional(v.array(text)),
      }),
    ),
    requesters: v.optional(
      v.array(
        v.pipe(
          v.string(),
          v.regex(REQUESTER_ARN, 'the ARN of a role or user: arn:aws:iam::111122223333:role/deployer'),
        ),
      ),
      [],
    ),
    allowByEvent: v.optional(v.array(v.picklist(eventPrivileges)), []),
    forwardStory: v.optional(v.boolean(), false),
    secrets: v.record(text, ManifestSecret),
    /** By name; with a slash at its end it is a path, and everything under it. */
    parameters: v.optional(
      v.record(
        v.pipe(v.string(), v.regex(/^\/?[\w.-]+(\/[\w.-]+)*\/?$/, 'the name of a parameter, or a path /shop/')),
        WatchedParameter,
      ),
      {},
    ),
  }),
);
export type Manifest = types.Manifest;

/** The name that a reference stands for, as far as it says one: a secret's, in Secrets Manager. */
export function referencedName(reference: parts.SecretReference): string {
  if ('new' in reference) return reference.new.name;
  if ('name' in reference) return reference.name;
  return (reference.arn.split(':')[6] ?? '').slice(0, -7);
}
