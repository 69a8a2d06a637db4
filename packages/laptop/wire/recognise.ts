import { AwsError } from '../cloud.ts';
import type { PresentedCredentials } from '../identity/credentials.ts';
import { own } from '../own.ts';

/** What a request says about the service it is meant for, before the service's model is consulted. */
export interface Recognised {
  /** Signing name. */
  readonly service: string;
  readonly region?: string;
}

/** X-Amz-Target prefixes of the JSON protocols, for requests without a signature. */
const targets: Readonly<Record<string, string>> = {
  secretsmanager: 'secretsmanager',
  AWSEvents: 'events',
  AmazonSSM: 'ssm',
  Logs_20140328: 'logs',
  AWSStepFunctions: 'states',
  AmazonSQS: 'sqs',
  GraniteServiceVersion20100801: 'monitoring',
  DynamoDB_20120810: 'dynamodb',
  TrentService: 'kms',
};

/** `Version` of the query protocol, likewise. */
const versions: Readonly<Record<string, string>> = {
  '2010-05-08': 'iam',
  '2011-06-15': 'sts',
  '2010-03-31': 'sns',
  '2014-10-31': 'rds',
  '2010-05-15': 'cloudformation',
  '2012-11-05': 'sqs',
  '2010-08-01': 'monitoring',
  '2016-11-15': 'ec2',
};

/** First segments of REST paths, likewise. */
const paths: readonly (readonly [RegExp, string])[] = [
  [/^\/20\d\d-\d\d-\d\d\/(functions|tags|layers|event-source-mappings|account-settings)\b/, 'lambda'],
  [/^\/(model|guardrail|foundation-models|inference-profiles)\//, 'bedrock'],
  [/^\/v2\/(apis|domainnames|tags|vpclinks)\b/, 'apigateway'],
  [/^\/(schedules|schedule-groups)\b/, 'scheduler'],
  [/^\/(applications|deploymentstrategies|extensions|extensionassociations)\b/, 'appconfig'],
];

/** Endpoints that are signed under another service's name, by signing name. */
const aliases: Readonly<Record<string, string>> = { 'bedrock-runtime': 'bedrock', cloudwatch: 'monitoring' };

export function recognise(request: {
  credentials: PresentedCredentials;
  headers: Readonly<Record<string, string>>;
  path: string;
  query: URLSearchParams;
  form: URLSearchParams | undefined;
}): Recognised {
  const { credentials, headers, path, query, form } = request;
  if (credentials.kind === 'signature') {
    const { service, region } = credentials.signature;
    return { service: own(aliases, service) ?? service, region };
  }
  if (credentials.kind === 'signed-token') return { service: 'bedrock', region: credentials.signature.region };
  const target = headers['x-amz-target']?.split('.')[0];
  const version = form?.get('Version') ?? query.get('Version');
  const service =
    (target && own(targets, target)) ??
    (version && own(versions, version)) ??
    paths.find(([pattern]) => pattern.test(path))?.[1];
  if (service) return { service };
  // Only Bedrock takes bearer keys, so one alone is enough to know it by.
  if (credentials.kind === 'bearer') return { service: 'bedrock' };
  throw new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token', { httpStatus: 403 });
}
