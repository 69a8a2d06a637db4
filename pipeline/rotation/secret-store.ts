import {
  DescribeSecretCommand,
  type DescribeSecretCommandOutput,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type RotationRulesType,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { AWSPENDING, KEYTURN_IN_FLIGHT } from '../contracts/labels.ts';
import { isNamed } from '../errors.ts';
import { SecretUnusable } from './errors.ts';
import { type VersionLabels, versionLabels } from './version-labels.ts';

/** A secret as DescribeSecret answers it, with its labels turned round. */
export interface SecretDescription extends VersionLabels {
  readonly arn: string;
  readonly name: string;
  readonly rotationEnabled: boolean | undefined;
  readonly rotationFunctionArn: string | undefined;
  readonly owningService: string | undefined;
  readonly lastChangedAt: Date | undefined;
  /** Secrets Manager's own schedule and window. */
  readonly rotationRules?: RotationRulesType | undefined;
}

/**
 * Secrets Manager for one process. Versions are immutable, so values are cached by version id, in memory only;
 * labels move, so they are asked for each time.
 */
export class SecretStore {
  readonly #client: SecretsManagerClient;
  readonly #values = new Map<string, string>();
  readonly #createdAt = new Map<string, Date | undefined>();

  constructor(client: SecretsManagerClient) {
    this.#client = client;
  }

  async describe(secretId: string): Promise<SecretDescription> {
    const answer = await this.#client.send(new DescribeSecretCommand({ SecretId: secretId }));
    return describeAnswer(secretId, answer);
  }

  /** The value of a version, or undefined where the version exists but is empty (RotateSecret makes such a one). */
  async read(secretArn: string, versionId: string, stage?: string): Promise<string | undefined> {
    const key = `${secretArn} ${versionId}`;
    const cached = this.#values.get(key);
    if (cached !== undefined) return cached;
    try {
      const answer = await this.#client.send(
        new GetSecretValueCommand({ SecretId: secretArn, VersionId: versionId, ...(stage && { VersionStage: stage }) }),
      );
      if (answer.SecretString === undefined) {
        throw new SecretUnusable(`${secretArn} holds a binary value; Keyturn rotates secrets whose value is a string.`);
      }
      this.#remember(key, answer.SecretString);
      this.#createdAt.set(key, answer.CreatedDate);
      return answer.SecretString;
    } catch (error) {
      if (isNamed(error, 'ResourceNotFoundException')) return undefined;
      throw error;
    }
  }

  /** When a version was made; AWSCURRENT has been current since then or later. 1970 where it is not known. */
  async createdAt(secretArn: string, versionId: string): Promise<Date> {
    const key = `${secretArn} ${versionId}`;
    if (!this.#createdAt.has(key)) {
      // What this process stored itself was remembered without its date.
      this.#values.delete(key);
      await this.read(secretArn, versionId);
    }
    return this.#createdAt.get(key) ?? new Date(0);
  }

  /** Stores the candidate with AWSPENDING and the in-flight label in one write. The same token and value may be put again. */
  async putCandidate(candidate: {
    secretArn: string;
    token: string;
    value: string;
    rotationToken?: string;
  }): Promise<void> {
    await this.#client.send(
      new PutSecretValueCommand({
        SecretId: candidate.secretArn,
        ClientRequestToken: candidate.token,
        SecretString: candidate.value,
        VersionStages: [AWSPENDING, KEYTURN_IN_FLIGHT],
        ...(candidate.rotationToken && { RotationToken: candidate.rotationToken }),
      }),
    );
    this.#remember(`${candidate.secretArn} ${candidate.token}`, candidate.value);
  }

  /**
   * Moves a label; `to` or `from` undefined attaches or detaches it. May be called twice: where the service refuses because
   * the label is where it is meant to be (the answer to the first try was lost, the version is gone), it is done.
   */
  async moveStage(move: { secretArn: string; stage: string; to?: string; from?: string }): Promise<void> {
    try {
      await this.#client.send(
        new UpdateSecretVersionStageCommand({
          SecretId: move.secretArn,
          VersionStage: move.stage,
          ...(move.to && { MoveToVersionId: move.to }),
          ...(move.from && { RemoveFromVersionId: move.from }),
        }),
      );
    } catch (error) {
      const mayBeDone = ['InvalidParameterException', 'ResourceNotFoundException'];
      if (!isNamed(error, ...mayBeDone)) throw error;
      const holder = (await this.describe(move.secretArn)).versionWith(move.stage);
      const isDone = move.to ? holder === move.to : holder !== move.from;
      if (!isDone) throw error;
    }
  }

  #remember(key: string, value: string): void {
    // A warm function serves many secrets: the cache is bounded, the oldest value leaves first.
    if (this.#values.size >= 64) {
      const oldest = this.#values.keys().next().value as string;
      this.#values.delete(oldest);
      this.#createdAt.delete(oldest);
    }
    this.#values.set(key, value);
  }
}

/** DescribeSecret's answer, turned round. @throws SecretUnusable where the secret is to be deleted */
export function describeAnswer(secretId: string, answer: DescribeSecretCommandOutput): SecretDescription {
  if (answer.DeletedDate) {
    throw new SecretUnusable(
      `${secretId} is scheduled for deletion. Restore it (RestoreSecret) before it can be rotated.`,
    );
  }
  return {
    arn: answer.ARN ?? secretId,
    name: answer.Name ?? secretId,
    rotationEnabled: answer.RotationEnabled,
    rotationFunctionArn: answer.RotationLambdaARN,
    owningService: answer.OwningService,
    rotationRules: answer.RotationRules,
    lastChangedAt: answer.LastChangedDate,
    ...versionLabels(answer.VersionIdsToStages),
  };
}
