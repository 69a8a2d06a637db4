import { DescribeSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

const client = new SecretsManagerClient({});

const failure = (name: string, message: string) => Object.assign(new Error(message), { name });

/**
 * A check that people bring: reads the version and uses its key. By the tag `gate` a scenario makes it fail for every version
 * (`closed`), or end without a verdict at once (`mute`).
 */
export async function handler(event: { secretArn: string; versionId: string; check: { parameters: { url: string } } }) {
  const { secretArn: SecretId, versionId: VersionId, check } = event;
  const { Tags = [] } = await client.send(new DescribeSecretCommand({ SecretId }));
  const gate = Tags.find(({ Key }) => Key === 'gate')?.Value;
  if (gate === 'mute') throw failure('AnswerInvalid', 'The gate says nothing.');
  if (gate === 'closed') throw failure('CheckFailed', 'The gate is closed.');
  const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId, VersionId }));
  const authorization = `Bearer ${JSON.parse(SecretString).api_key}`;
  const { status } = await fetch(check.parameters.url, { headers: { authorization } });
  if (status !== 200) throw failure('CheckFailed', `The vendor answers ${status}.`);
  return { observed: 'the vendor accepts the key' };
}
