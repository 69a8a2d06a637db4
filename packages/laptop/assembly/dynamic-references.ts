import type { Cloud } from '../cloud.ts';
import { own } from '../own.ts';
import { administratorOf } from './administrator.ts';
import { UnresolvableTemplate } from './intrinsics.ts';

const REFERENCE = /\{\{resolve:(secretsmanager|ssm|ssm-secure):([^}]+)\}\}/g;

/**
 * `{{resolve:secretsmanager:id:SecretString:field:stage:version}}` and `{{resolve:ssm:name:version}}`, resolved at deployment.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
 */
export async function resolveDynamicReferences(value: unknown, cloud: Cloud): Promise<unknown> {
  if (typeof value === 'string') return value.includes('{{resolve:') ? replaceReferences(value, cloud) : value;
  if (Array.isArray(value)) return Promise.all(value.map((item) => resolveDynamicReferences(item, cloud)));
  if (typeof value !== 'object' || value === null) return value;
  const entries = await Promise.all(
    Object.entries(value).map(async ([key, entry]) => [key, await resolveDynamicReferences(entry, cloud)]),
  );
  return Object.fromEntries(entries);
}

async function replaceReferences(text: string, cloud: Cloud): Promise<string> {
  let replaced = text;
  for (const [whole, service, reference] of text.matchAll(REFERENCE)) {
    const value =
      service === 'secretsmanager'
        ? await readSecret(String(reference), cloud)
        : await readParameter(String(reference), cloud);
    replaced = replaced.replace(whole, () => value);
  }
  return replaced;
}

async function readSecret(reference: string, cloud: Cloud): Promise<string> {
  // An ARN has seven parts of its own.
  const parts = reference.split(':');
  const idParts = reference.startsWith('arn:') ? 7 : 1;
  const secretId = parts.slice(0, idParts).join(':');
  const [, field, stage, versionId] = parts.slice(idParts);
  const answer = await cloud.call<{ SecretString: string }>({
    service: 'secretsmanager',
    operation: 'GetSecretValue',
    input: { SecretId: secretId, ...(stage && { VersionStage: stage }), ...(versionId && { VersionId: versionId }) },
    principal: administratorOf(cloud),
  });
  if (!field) return answer.SecretString;
  const found = own(JSON.parse(answer.SecretString), field);
  if (found === undefined) throw new UnresolvableTemplate(`Secret ${secretId} has no field ${field}.`);
  return String(found);
}

async function readParameter(reference: string, cloud: Cloud): Promise<string> {
  const answer = await cloud.call<{ Parameter: { Value: string } }>({
    service: 'ssm',
    operation: 'GetParameter',
    input: { Name: reference, WithDecryption: true },
    principal: administratorOf(cloud),
  });
  return answer.Parameter.Value;
}
