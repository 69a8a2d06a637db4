import * as v from 'valibot';
import { declared } from '../declared.ts';
import { eventPrivileges } from '../event-requests.ts';
import { AccountId, Region, SecurityGroupId, SubnetId, VpcId } from '../grammar/aws-names.ts';
import { ParameterNameOrPath } from '../grammar/parameter-names.ts';
import { givenName } from '../grammar/plain-text.ts';
import { RequesterArn } from '../grammar/requester-arn.ts';
import { kindContracts } from '../kinds/kind-contracts.ts';
import { managedKinds } from '../secret-kinds.ts';
import { PipelineName } from '../settings/pipeline.ts';
import { Consumer, followers, SecretReference } from './entries/manifest-entry.ts';
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
  v.strictObject({
    consumers: v.pipe(
      v.array(Consumer),
      v.minLength(1, 'one consumer or more'),
      v.maxLength(50, '50 consumers or less'),
    ),
  }),
);

/** As many as a function takes. https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html */
const Network = v.strictObject({
  vpcId: VpcId,
  subnetIds: v.pipe(
    v.array(SubnetId),
    v.minLength(1, 'one subnet or more'),
    v.maxLength(16, '16 subnets or less'),
    v.check((ids) => new Set(ids).size === ids.length, 'each subnet once'),
  ),
  /** Missing: the stack makes one that lets everything out. */
  securityGroupIds: v.optional(
    v.pipe(
      v.array(SecurityGroupId),
      v.minLength(1, 'one security group or more'),
      v.maxLength(5, '5 security groups or less'),
      v.check((ids) => new Set(ids).size === ids.length, 'each security group once'),
    ),
  ),
});

export const Manifest = declared<types.Manifest>()(
  v.strictObject({
    $schema: v.optional(v.pipe(v.string(), v.regex(/^[!#-;=?-~]{1,500}$/, 'the address of a JSON schema'))),
    pipeline: v.optional(PipelineName, 'keyturn'),
    /** Where the stack goes. Missing: where the ARNs are that the manifest names. */
    account: v.optional(AccountId),
    region: v.optional(Region),
    /** Further accounts that ARNs may name. */
    crossAccount: v.optional(v.pipe(v.array(AccountId), v.maxLength(50, '50 accounts or less')), []),
    /** Where functions that reach databases run. */
    network: v.optional(Network),
    requesters: v.optional(v.array(RequesterArn), []),
    allowByEvent: v.optional(v.array(v.picklist(eventPrivileges)), []),
    forwardStory: v.optional(v.boolean(), false),
    secrets: v.record(givenName, ManifestSecret),
    /** By name; with a slash at its end it is a path, and everything under it. */
    parameters: v.optional(v.record(ParameterNameOrPath, WatchedParameter), {}),
  }),
);
export type Manifest = types.Manifest;

/** The name that a reference stands for, as far as it says one: a secret's, in Secrets Manager. */
export function referencedName(reference: parts.SecretReference): string {
  if ('new' in reference) return reference.new.name;
  if ('name' in reference) return reference.name;
  return (reference.arn.split(':')[6] ?? '').slice(0, -7);
}
