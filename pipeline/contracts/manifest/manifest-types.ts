import type { EventPrivilege } from '../event-requests.ts';
import type { ManifestConsumer } from './entries/manifest-part-types.ts';
import type { ManifestSecret } from './entries/manifest-secret-types.ts';

/**
 * A manifest as `readManifest` answers it: parsed, with its defaults filled in. docs/manifest.md explains each member.
 *
 * @example
 * new ManifestStack(app, 'Keyturn', { manifest: readManifest('keyturn.json') });
 */
export interface Manifest {
  /**
   * The address of a JSON schema, for editors. Keyturn does not read it.
   * @default - none
   */
  readonly $schema?: string;
  /** Names the stack, its state machines, alarms and parameters. */
  readonly pipeline: string;
  /**
   * The account that the stack goes to.
   * @default - that of the ARNs in the manifest; without ARNs, wherever it is deployed
   */
  readonly account?: string;
  /**
   * The region that the stack goes to.
   * @default - that of the ARNs in the manifest; without ARNs, wherever it is deployed
   */
  readonly region?: string;
  /** Further accounts, in which functions, keys and secrets that are only read may be: docs/manifest.md#arns. */
  readonly crossAccount: string[];
  /**
   * Where functions that reach databases run.
   * @default - outside of a VPC
   */
  readonly network?: ManifestNetwork;
  /** ARNs of the roles and users that may put `Rotation Requested` on the pipeline's event bus. */
  readonly requesters: string[];
  /** What such an event may ask for beyond a rotation, a check or a roll-back. */
  readonly allowByEvent: EventPrivilege[];
  /** Whether the story is forwarded to the account's default bus as well. */
  readonly forwardStory: boolean;
  /** The secrets, by the names that messages call them. */
  readonly secrets: Record<string, ManifestSecret>;
  /** Watched parameters of Parameter Store. A name with a slash at its end is a path, and stands for everything under it. */
  readonly parameters: Record<string, ManifestParameter>;
}

/** A VPC, by the ids of its parts. Synthesis looks nothing up. */
export interface ManifestNetwork {
  /** `vpc-…` */
  readonly vpcId: string;
  /** `subnet-…`, one or more. */
  readonly subnetIds: string[];
  /**
   * `sg-…`
   * @default - one of the stack's own, which lets everything out
   */
  readonly securityGroupIds?: string[];
}

/** Functions that read a parameter, or all parameters under a path. They are brought up to date when it changes. */
export interface ManifestParameter {
  /** One consumer or more. */
  readonly consumers: ManifestConsumer[];
}
