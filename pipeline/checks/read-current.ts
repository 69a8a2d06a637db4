import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { quote } from '@keyturn/consumer/contracts/quote';
import { AWSCURRENT } from '../contracts/labels.ts';
import { PayloadInvalid } from '../rotators/errors.ts';
import { describeAwsFault } from './aws-faults.ts';
import type { CheckSubject } from './check.ts';
import { CheckUnable } from './errors.ts';

type SecretsManager = Pick<SecretsManagerClient, 'send'>;

/** The value as a consumer reads it: AWSCURRENT, which must be the version under test. */
export async function readCurrent(
  client: SecretsManager,
  subject: CheckSubject,
): Promise<{ versionId: string; value: string }> {
  const answer = await asked(subject, () => client.send(new GetSecretValueCommand({ SecretId: subject.secretArn })));
  const { VersionId: versionId = '', SecretString: value } = answer;
  refuseMoved(subject, versionId);
  if (value !== undefined) return { versionId, value };
  throw new PayloadInvalid(`${subject.secretName}: expected a text under AWSCURRENT, came a binary value.`);
}

/** The version id under AWSCURRENT, without reading the value. */
export async function currentVersionId(client: SecretsManager, subject: CheckSubject): Promise<string> {
  if (subject.versionId) return subject.versionId;
  const answer = await asked(subject, () => client.send(new DescribeSecretCommand({ SecretId: subject.secretArn })));
  const found = Object.entries(answer.VersionIdsToStages ?? {}).find(([, stages]) => stages.includes(AWSCURRENT));
  if (found) return found[0];
  throw new CheckUnable('SecretMissing', `${subject.secretName} has no AWSCURRENT version. Put a first value.`);
}

function refuseMoved({ secretName, versionId: expected }: CheckSubject, versionId: string): void {
  if (expected === undefined || expected === versionId) return;
  throw new CheckUnable(
    'VersionMoved',
    `${secretName}: AWSCURRENT is on version ${versionId}, not on ${expected}, which was to be checked: another value was put meanwhile.`,
  );
}

async function asked<Answer>({ secretName }: CheckSubject, send: () => Promise<Answer>): Promise<Answer> {
  try {
    return await send();
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'ResourceNotFoundException' || name === 'InvalidRequestException') {
      throw new CheckUnable('SecretMissing', `${secretName}: ${quote(message, [])}`, { cause: error });
    }
    throw describeAwsFault(error, `Secret ${secretName}`);
  }
}
