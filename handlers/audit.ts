import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { audit } from '../pipeline/audit/audit.ts';
import { auditMetrics, eventsToPublish } from '../pipeline/audit/publish-findings.ts';
import { type AuditAnswer, AuditRequest } from '../pipeline/contracts/audit.ts';
import { parse } from '../pipeline/contracts/parse.ts';
import { secretKinds, verifyFunctionVariable } from '../pipeline/contracts/secret-kinds.ts';
import { publish } from '../pipeline/reports/story.ts';
import { environmentText, readEnvironment } from './wiring/environment.ts';
import { publishMetrics } from './wiring/publish-metrics.ts';

/** As the stack writes who may put events on the bus. */
const BusParties = v.object({
  busArn: environmentText,
  publishers: v.array(environmentText),
  requesters: v.array(environmentText),
});

const environment = readEnvironment({
  KEYTURN_SETTINGS_PREFIX: environmentText,
  KEYTURN_HISTORY_TABLE: environmentText,
  KEYTURN_ROTATE_SECRET_STATE_MACHINE_ARN: environmentText,
  KEYTURN_RETIRE_CREDENTIAL_STATE_MACHINE_ARN: environmentText,
  KEYTURN_COMPARE_MIRROR_FUNCTION_ARN: environmentText,
  EVENT_BUS_NAME: environmentText,
  KEYTURN_BUS_PARTIES: v.pipe(environmentText, v.parseJson(), BusParties),
});
const dynamodb = new DynamoDBClient({});
const events = new EventBridgeClient({});
const now = () => new Date();
const dependencies = {
  secretsManager: new SecretsManagerClient({}),
  ssm: new SSMClient({}),
  states: new SFNClient({}),
  lambda: new LambdaClient({}),
  dynamodb,
  settingsPrefix: environment.KEYTURN_SETTINGS_PREFIX,
  historyTableName: environment.KEYTURN_HISTORY_TABLE,
  compareMirrorFunctionArn: environment.KEYTURN_COMPARE_MIRROR_FUNCTION_ARN,
  verifyFunctionArns: Object.fromEntries(secretKinds.map((kind) => [kind, process.env[verifyFunctionVariable(kind)]])),
  machines: {
    rotateSecretArn: environment.KEYTURN_ROTATE_SECRET_STATE_MACHINE_ARN,
    retireCredentialArn: environment.KEYTURN_RETIRE_CREDENTIAL_STATE_MACHINE_ARN,
  },
  events,
  bus: environment.KEYTURN_BUS_PARTIES,
  now,
  sleep,
};

/** The most that publishing takes. The rest of the function's time is for looking. */
const PUBLISHING_MILLISECONDS = 30_000;

/** Schedule Audit, and `doctor`: looks at every managed secret or at one, publishes what is new, answers everything. */
export async function handler(event: unknown, context: { getRemainingTimeInMillis(): number }): Promise<AuditAnswer> {
  const { secretId, publish: isPublished } = parse('The audit request', AuditRequest, event ?? {});
  const deadline = new Date(now().getTime() + context.getRemainingTimeInMillis() - PUBLISHING_MILLISECONDS);
  const found = await audit({ ...dependencies, deadline }, secretId);
  // One secret is not all of them: its numbers would hide the others'.
  if (isPublished && secretId === undefined) publishMetrics(auditMetrics(found));
  if (isPublished) {
    const history = { client: dynamodb, tableName: environment.KEYTURN_HISTORY_TABLE, now: now() };
    for (const news of await eventsToPublish(history, found.findings))
      await publish(events, environment.EVENT_BUS_NAME, news);
  }
  return found;
}
