import { timingSafeEqual } from 'node:crypto';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { AWSCURRENT } from '../contracts/labels.ts';
import type { MirrorSettings } from '../contracts/settings/secret.ts';
import { MirrorFailed, ReplicaBehind } from './errors.ts';

/** A SecureString of the standard tier holds 4 KB, of the advanced tier 8 KB. */
const STANDARD_TIER_BYTES = 4_096;
const ADVANCED_TIER_BYTES = 8_192;

export interface MirrorDependencies {
  readonly secretsManager: SecretsManagerClient;
  readonly ssm: SSMClient;
  /** A client for a replica's region. */
  secretsManagerIn(region: string): SecretsManagerClient;
}

export interface MirrorRequest {
  readonly secretArn: string;
  readonly versionId: string;
  readonly mirror: MirrorSettings;
}

export interface MirrorResult {
  readonly mirror: string;
  readonly changed: boolean;
}

/**
 * Brings a copy of the secret along: a SecureString parameter is written (only if it differs: parameters have low rate
 * limits), a replica region is compared by version id, since its status says only that the replica was made.
 * May be called twice. @throws MirrorFailed | ReplicaBehind (retryable)
 */
export async function mirrorSecret(dependencies: MirrorDependencies, request: MirrorRequest): Promise<MirrorResult> {
  if (request.mirror.to === 'replica') return compareReplica(dependencies, request, request.mirror.region);
  return writeParameter(dependencies, request, request.mirror);
}

async function compareReplica(
  { secretsManagerIn }: MirrorDependencies,
  request: MirrorRequest,
  region: string,
): Promise<MirrorResult> {
  const replicaArn = request.secretArn
    .split(':')
    .map((part, index) => (index === 3 ? region : part))
    .join(':');
  const answer = await secretsManagerIn(region).send(new DescribeSecretCommand({ SecretId: replicaArn }));
  if (answer.VersionIdsToStages?.[request.versionId]?.includes(AWSCURRENT)) return { mirror: region, changed: false };
  throw new ReplicaBehind(`The replica in ${region} does not have version ${request.versionId} as AWSCURRENT yet.`);
}

async function writeParameter(
  { secretsManager, ssm }: MirrorDependencies,
  request: MirrorRequest,
  mirror: Extract<MirrorSettings, { to: 'parameter' }>,
): Promise<MirrorResult> {
  const secret = await secretsManager.send(
    new GetSecretValueCommand({ SecretId: request.secretArn, VersionId: request.versionId }),
  );
  const value = select(secret.SecretString ?? '', mirror);
  const bytes = Buffer.byteLength(value);
  if (bytes > ADVANCED_TIER_BYTES) {
    throw new MirrorFailed(
      `The value has ${bytes} bytes, more than a parameter holds (${ADVANCED_TIER_BYTES}). Mirror one field of it: write a "pointer".`,
    );
  }
  if (await isSame(ssm, mirror.parameterName, value)) return { mirror: mirror.parameterName, changed: false };
  await ssm.send(
    new PutParameterCommand({
      Name: mirror.parameterName,
      Value: value,
      Type: 'SecureString',
      Overwrite: true,
      ...(bytes > STANDARD_TIER_BYTES && { Tier: 'Advanced' }),
      ...(mirror.keyId && { KeyId: mirror.keyId }),
    }),
  );
  return { mirror: mirror.parameterName, changed: true };
}

/** RFC 6901, for one string inside a JSON secret. */
function select(value: string, mirror: { parameterName: string; pointer?: string }): string {
  if (mirror.pointer === undefined) return value;
  const parts = mirror.pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  let found: unknown = parseJson(value, mirror.parameterName);
  for (const part of parts)
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[part] : undefined;
  if (typeof found === 'string' || typeof found === 'number') return String(found);
  throw new MirrorFailed(
    `The secret has no text at ${mirror.pointer}, which ${mirror.parameterName} mirrors. Correct the "pointer".`,
  );
}

function parseJson(value: string, parameterName: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    // The cause is dropped on purpose: JSON.parse quotes what it could not read, which is a secret.
    throw new MirrorFailed(
      `The secret is not JSON, so ${parameterName} cannot mirror a field of it. Remove the "pointer".`,
    );
  }
}

async function isSame(ssm: SSMClient, name: string, value: string): Promise<boolean> {
  try {
    const answer = await ssm.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
    const held = Buffer.from(answer.Parameter?.Value ?? '');
    const wanted = Buffer.from(value);
    return held.length === wanted.length && timingSafeEqual(held, wanted);
  } catch (error) {
    if (error instanceof Error && error.name === 'ParameterNotFound') return false;
    throw error;
  }
}
