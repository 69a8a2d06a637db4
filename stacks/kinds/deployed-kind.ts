import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { RotatedManifestSecrets } from '../../pipeline/contracts/manifest/entries/manifest-secret-types.ts';
import type { SecretKind } from '../../pipeline/contracts/secret-kinds.ts';
import type { RotationFunction } from '../rotation-function.ts';
import type { RotatorProps } from '../rotator-props.ts';

/** What one kind of secret needs when it is deployed. */
export interface DeployedKind<Kind extends SecretKind> {
  /** Memory of the rotation function. */
  readonly memoryMegabytes: number;
  /** An entry of the manifest, with ARNs in the place of names. */
  rotatorProps(scope: Construct, name: string, entry: RotatedManifestSecrets[Kind]): RotatorProps;
  /** What the rotation function does beside Secrets Manager, on exactly what the entry names. Missing: nothing. */
  grantTarget?(rotationFunction: RotationFunction, entry: RotatedManifestSecrets[Kind]): void;
  /** What the entry makes of the secret for others, such as a URL of public keys. Missing: nothing. */
  publish?(scope: Construct, name: string, secret: secretsmanager.ISecret, entry: RotatedManifestSecrets[Kind]): void;
}

/** Settings without what is undefined: the parameter of a secret holds what was given. */
export function given(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
