import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { quote } from '@keyturn/consumer/contracts/quote';
import type { SecretSettings } from '../contracts/settings/secret.ts';
import { readStory } from '../history/story-rows.ts';
import { describeAnswer } from '../rotation/secret-store.ts';
import { listSettings } from '../settings/list-settings.ts';
import { type SecretStatus, secretStatus } from './secret-status.ts';

export interface StatusReader {
  readonly ssm: SSMClient;
  readonly secretsManager: SecretsManagerClient;
  readonly dynamodb: DynamoDBClient;
  readonly settingsPrefix: string;
  readonly historyTable: string;
  readonly now: () => Date;
}

/** A secret that could not be read, and why: it is shown, the others too. */
export interface UnreadSecret {
  readonly name: string;
  readonly reason: string;
}

export interface StatusPage {
  readonly statuses: readonly SecretStatus[];
  readonly unread: readonly UnreadSecret[];
  readonly nextToken: string | undefined;
}

/** A page of the widget is this many pages of Parameter Store, ten secrets each. */
const STORE_PAGES = 5;
/** Enough to meet the last outcome behind a few checks and laggards. */
const STORY_ROWS = 60;
const AT_ONCE = 10;

/**
 * The statuses of up to fifty managed secrets, by name. The token of the next page is Parameter Store's.
 * @throws what Parameter Store throws for a token that it did not give or that is too old
 */
export async function readStatuses(reader: StatusReader, pageToken?: string): Promise<StatusPage> {
  const settings: SecretSettings[] = [];
  let nextToken = pageToken;
  for (let page = 0; page < STORE_PAGES; page += 1) {
    const answer = await listSettings(reader.ssm, reader.settingsPrefix, nextToken);
    settings.push(...answer.settings);
    nextToken = answer.nextToken;
    if (!nextToken) break;
  }
  settings.sort((a, b) => a.name.localeCompare(b.name));
  const statuses: SecretStatus[] = [];
  const unread: UnreadSecret[] = [];
  for (let from = 0; from < settings.length; from += AT_ONCE) {
    const read = await Promise.all(settings.slice(from, from + AT_ONCE).map((one) => readStatus(reader, one)));
    for (const one of read) {
      if ('reason' in one) unread.push(one);
      else statuses.push(one);
    }
  }
  return { statuses, unread, nextToken };
}

async function readStatus(reader: StatusReader, settings: SecretSettings): Promise<SecretStatus | UnreadSecret> {
  try {
    const answer = await reader.secretsManager.send(new DescribeSecretCommand({ SecretId: settings.name }));
    const secret = describeAnswer(settings.name, answer);
    const dates = {
      createdAt: answer.CreatedDate,
      lastRotatedAt: answer.LastRotatedDate,
      nextRotationAt: answer.NextRotationDate,
    };
    const query = { table: reader.historyTable, secretArn: secret.arn, limit: STORY_ROWS };
    const story = await readStory(reader.dynamodb, query);
    return secretStatus({ settings, secret, dates, story, now: reader.now() });
  } catch (error) {
    // One secret that is gone, or that the role may not see, must not hide the others.
    if (!(error instanceof Error)) throw error;
    return { name: settings.name, reason: quote(`${error.name}: ${error.message}`, []) };
  }
}
