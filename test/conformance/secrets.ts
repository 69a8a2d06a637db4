import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  type CreateSecretCommandInput,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  type PutSecretValueCommandInput,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { type Endpoint, openEndpoint, uniqueName } from './endpoint.ts';

export interface Made {
  readonly name: string;
  readonly arn: string;
  readonly versionId: string | undefined;
}

/** Secrets Manager at the endpoint under test, with what is made there taken away at the end. */
export interface Secrets {
  readonly endpoint: Endpoint;
  readonly client: SecretsManagerClient;
  /** As the client's own: rejects with the service's errors. */
  readonly send: SecretsManagerClient['send'];
  /** A name that is taken away at the end, if something was made of it. */
  name(subject: string): string;
  make(subject: string, input?: Partial<CreateSecretCommandInput>): Promise<Made>;
  /** Answers the new version's id. */
  put(secretId: string, value: string, input?: Partial<PutSecretValueCommandInput>): Promise<string>;
  read(secretId: string, which?: { VersionId?: string; VersionStage?: string }): Promise<string | undefined>;
  /** Labels by version, those of each in order. */
  labels(secretId: string): Promise<Record<string, string[]>>;
  /** What ListSecretVersionIds shows, by version. */
  versions(secretId: string, includeDeprecated?: boolean): Promise<Record<string, string[]>>;
  close(): Promise<void>;
}

export async function openSecrets(): Promise<Secrets> {
  const endpoint = await openEndpoint();
  const client = endpoint.client(SecretsManagerClient);
  const names: string[] = [];
  const name = (subject: string) => {
    const unique = uniqueName(subject);
    names.push(unique);
    return unique;
  };
  const send = client.send.bind(client) as SecretsManagerClient['send'];
  return {
    endpoint,
    client,
    send,
    name,
    async make(subject, input = {}) {
      const Name = input.Name ?? name(subject);
      names.push(Name);
      const made = await client.send(new CreateSecretCommand({ ...input, Name }));
      return { name: Name, arn: made.ARN!, versionId: made.VersionId };
    },
    async put(SecretId, SecretString, input = {}) {
      const { VersionId } = await client.send(new PutSecretValueCommand({ SecretId, SecretString, ...input }));
      return VersionId!;
    },
    read: async (SecretId, which = {}) =>
      (await client.send(new GetSecretValueCommand({ SecretId, ...which }))).SecretString,
    async labels(SecretId) {
      const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
      return sorted(Object.entries(VersionIdsToStages));
    },
    async versions(SecretId, IncludeDeprecated = false) {
      const { Versions = [] } = await client.send(new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated }));
      return sorted(Versions.map(({ VersionId, VersionStages }) => [VersionId!, VersionStages ?? []]));
    },
    async close() {
      for (const SecretId of new Set(names)) {
        await client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
      }
      await endpoint.close();
    },
  };
}

const sorted = (entries: [string, string[]][]) =>
  Object.fromEntries(entries.map(([versionId, labels]) => [versionId, [...labels].sort()]));

export const token = () => randomUUID();
