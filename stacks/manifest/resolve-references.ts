import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { contractOf } from '../../pipeline/contracts/kinds/kind-contracts.ts';
import type { SecretByArn, SecretByName } from '../../pipeline/contracts/manifest/entries/manifest-part-types.ts';
import type { ManifestSecret } from '../../pipeline/contracts/manifest/manifest.ts';
import { secretNameOf } from '../../pipeline/contracts/settings/settings-parameter.ts';

export interface ResolvedSecret {
  readonly secret: secretsmanager.ISecret;
  /** Its name in Secrets Manager. */
  readonly secretName: string;
}

/** An existing secret by ARN or name, or a new one whose value is generated where it is stored. */
export function resolveSecret(
  scope: Construct,
  name: string,
  entry: Pick<ManifestSecret, 'kind' | 'secret'>,
): ResolvedSecret {
  // No name in a manifest holds a colon, so that none is the id of another construct.
  const id = `Secret:${name}`;
  const reference = entry.secret;
  if ('new' in reference) {
    const { name: secretName, description } = reference.new;
    const secret = new secretsmanager.Secret(scope, id, {
      secretName,
      description,
      ...keyOf(scope, id, reference.new.kmsKeyArn),
      ...initialValue(entry.kind, reference.new.template ?? {}),
    });
    return { secret, secretName };
  }
  return existingSecret(scope, id, reference);
}

/** A superuser's or a proxy login's secret, written in the manifest as its ARN or its name. */
export function secretByText(
  scope: Construct,
  id: string,
  arnOrName: string,
  kmsKeyArn?: string,
): secretsmanager.ISecret {
  const key = kmsKeyArn ? { kmsKeyArn } : {};
  const reference = arnOrName.startsWith('arn:') ? { arn: arnOrName, ...key } : { name: arnOrName, ...key };
  return existingSecret(scope, id, reference).secret;
}

function existingSecret(scope: Construct, id: string, reference: SecretByArn | SecretByName): ResolvedSecret {
  const key = keyOf(scope, id, reference.kmsKeyArn);
  if ('arn' in reference) {
    const secret = secretsmanager.Secret.fromSecretAttributes(scope, id, { secretCompleteArn: reference.arn, ...key });
    return { secret, secretName: secretNameOf(reference.arn) };
  }
  const secretPartialArn = Stack.of(scope).formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName: reference.name,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  const secret = secretsmanager.Secret.fromSecretAttributes(scope, id, { secretPartialArn, ...key });
  return { secret, secretName: reference.name };
}

function keyOf(scope: Construct, id: string, kmsKeyArn: string | undefined): { encryptionKey?: kms.IKey } {
  return kmsKeyArn ? { encryptionKey: kms.Key.fromKeyArn(scope, `Key:${id}`, kmsKeyArn) } : {};
}

/** Secrets Manager generates the first value itself: it is in no template. */
function initialValue(kind: ManifestSecret['kind'], template: Record<string, unknown>): secretsmanager.SecretProps {
  const contract = kind === 'watched' ? undefined : contractOf({ kind }).newSecret;
  const generateStringKey = contract?.generatedMember;
  const length = { passwordLength: contract?.length ?? 64, excludePunctuation: true };
  if (!generateStringKey) return { generateSecretString: length };
  return { generateSecretString: { ...length, secretStringTemplate: JSON.stringify(template), generateStringKey } };
}

/** The ARN of a function that the manifest names by its ARN or its name. */
export function resolveFunctionArn(scope: Construct, arnOrName: string): string {
  if (arnOrName.startsWith('arn:')) return arnOrName;
  return Stack.of(scope).formatArn({
    service: 'lambda',
    resource: 'function',
    resourceName: arnOrName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
