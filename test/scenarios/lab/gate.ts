import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

const client = new SecretsManagerClient({});

/**
 * A check that people bring. It fails while the secret has a tag `gate`: `closed` for every version, `open-for:<id>`
 * for every version but one; so that a scenario can make it fail for one secret without touching code or configuration.
 */
export async function handler({ secretArn, versionId }: { secretArn: string; versionId: string }) {
  const { Tags = [] } = await client.send(new DescribeSecretCommand({ SecretId: secretArn }));
  const gate = Tags.find(({ Key }) => Key === 'gate')?.Value;
  const isOpen = gate === undefined || (gate.startsWith('open-for:') ? gate === `open-for:${versionId}` : false);
  if (!isOpen) throw Object.assign(new Error('The gate is closed for this version.'), { name: 'CheckFailed' });
  return { observed: 'the gate is open' };
}
