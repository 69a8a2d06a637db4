import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { textAt } from '@keyturn/consumer/contracts/json-pointer';
import { isSameSecret } from '@keyturn/consumer/contracts/same-secret';
import { judgeAws } from '@keyturn/consumer/contracts/verdicts/aws';
import { AWSCURRENT } from '../contracts/labels.ts';
import type { MirrorSettings } from '../contracts/settings/secret.ts';
import { isNamed } from '../errors.ts';
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

type ParameterMirror = Extract<MirrorSettings, { to: 'parameter' }>;

/**
 * Brings a copy of the secret along: a SecureString parameter is written (only if it differs: parameters take three
 * writes a second), a replica region is compared by version id, since its status says only that the replica was made.
 * May be called twice. https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html
 * @throws MirrorFailed | ReplicaBehind (retryable) | what AWS throttles with
 */
export async function mirrorSecret(dependencies: MirrorDependencies, request: MirrorRequest): Promise<MirrorResult> {
  if (request.mirror.to === 'replica') return compareReplica(dependencies, request, request.mirror.region);
  return writeParameter(dependencies, request, request.mirror);
}

export type MirrorComparison = { mirror: string; inStep: true } | { mirror: string; inStep: false; reason: string };

/** Whether a copy has what the secret has: what the audit asks. Changes nothing. @throws what AWS throttles with */
export async function compareMirror(
  dependencies: MirrorDependencies,
  request: MirrorRequest,
): Promise<MirrorComparison> {
  const { mirror } = request;
  const name = mirror.to === 'replica' ? mirror.region : mirror.parameterName;
  try {
    if (mirror.to === 'replica') await compareReplica(dependencies, request, mirror.region);
    else if (!(await isSame(dependencies.ssm, name, await readMirrored(dependencies, request, mirror)))) {
      return { mirror: name, inStep: false, reason: `Parameter ${name} holds another value, or is not there.` };
    }
    return { mirror: name, inStep: true };
  } catch (error) {
    if (error instanceof MirrorFailed || error instanceof ReplicaBehind) {
      return { mirror: name, inStep: false, reason: error.message };
    }
    throw error;
  }
}

async function readMirrored(
  { secretsManager }: MirrorDependencies,
  { secretArn, versionId }: MirrorRequest,
  mirror: ParameterMirror,
): Promise<string> {
  const secret = await secretsManager.send(new GetSecretValueCommand({ SecretId: secretArn, VersionId: versionId }));
  return mirroredText(secret.SecretString, mirror);
}

async function compareReplica(
  { secretsManagerIn }: MirrorDependencies,
  { secretArn, versionId }: MirrorRequest,
  region: string,
): Promise<MirrorResult> {
  const replicaArn = secretArn
    .split(':')
    .map((part, index) => (index === 3 ? region : part))
    .join(':');
  const answer = await secretsManagerIn(region)
    .send(new DescribeSecretCommand({ SecretId: replicaArn }))
    .catch((error) => {
      if (isNamed(error, 'ResourceNotFoundException')) {
        throw new MirrorFailed(
          `There is no replica in ${region}. Replicate the secret there (ReplicateSecretToRegions), or remove the region from its mirrors.`,
          { cause: error },
        );
      }
      throw error;
    });
  if (answer.VersionIdsToStages?.[versionId]?.includes(AWSCURRENT)) return { mirror: region, changed: false };
  throw new ReplicaBehind(
    `The replica in ${region} does not have version ${versionId} as AWSCURRENT yet. If it stays so, look at the secret's ReplicationStatus.`,
  );
}

async function writeParameter(
  dependencies: MirrorDependencies,
  request: MirrorRequest,
  mirror: ParameterMirror,
): Promise<MirrorResult> {
  const { ssm } = dependencies;
  const value = await readMirrored(dependencies, request, mirror);
  const bytes = Buffer.byteLength(value);
  if (bytes > ADVANCED_TIER_BYTES) {
    throw new MirrorFailed(
      `The value has ${bytes} bytes, more than a parameter holds (${ADVANCED_TIER_BYTES}). Mirror one field of it: write a "pointer".`,
    );
  }
  if (await isSame(ssm, mirror.parameterName, value)) return { mirror: mirror.parameterName, changed: false };
  try {
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
  } catch (error) {
    throw explainRefusal(mirror.parameterName, error);
  }
  return { mirror: mirror.parameterName, changed: true };
}

/** The whole value, or one text inside a JSON secret. */
function mirroredText(value: string | undefined, { parameterName, pointer }: ParameterMirror): string {
  if (value === undefined) {
    throw new MirrorFailed(`The secret holds a binary value, which ${parameterName} cannot hold. Put it as a string.`);
  }
  if (pointer === undefined) return value;
  const text = textAt(parseJson(value, parameterName), pointer);
  if (text !== undefined) return text;
  throw new MirrorFailed(
    `The secret has no text at ${pointer}, which ${parameterName} mirrors. Correct the "pointer".`,
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
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
    refusePlain(name, Parameter?.Type);
    return isSameSecret(Parameter?.Value ?? '', value);
  } catch (error) {
    if (isNamed(error, 'ParameterNotFound')) return false;
    throw error;
  }
}

/** Parameter Store cannot make a SecureString of a String, and a secret does not belong into one. */
function refusePlain(name: string, type: string | undefined): void {
  if (type === undefined || type === 'SecureString') return;
  throw new MirrorFailed(
    `Parameter ${name} is a ${type}, which everybody may read who may read parameters. Delete it, or name another one: the mirror is made as a SecureString.`,
  );
}

/** What Parameter Store will refuse again, however often it is asked. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html */
function explainRefusal(name: string, error: unknown): unknown {
  const advice: Record<string, string> = {
    HierarchyLevelLimitExceededException: 'Its name has too many levels: give it a shorter path.',
    InvalidKeyId: 'Its KMS key does not exist, or may not be used: correct "keyId" or the key policy.',
    ParameterLimitExceeded: 'The account has no room for another parameter: delete some, or ask for a higher quota.',
    ParameterMaxVersionLimitExceeded:
      'It has a hundred versions and the oldest carries a label: move the label, so that Parameter Store may drop it.',
    ParameterPatternMismatchException: 'The value does not fit the allowedPattern that the parameter was made with.',
  };
  const code = error instanceof Error ? error.name : '';
  // A key that is disabled may be enabled again.
  const words = judgeAws(error) === 'wrong' && Object.hasOwn(advice, code) ? advice[code] : undefined;
  // A pattern's error may quote the value, so the cause is not kept.
  return words ? new MirrorFailed(`Parameter ${name} could not be written (${code}). ${words}`) : error;
}
