import * as v from 'valibot';
import { arn, regionPattern } from './arn.ts';
import { plainText } from './plain-text.ts';

/**
 * How AWS writes the names that a manifest and the settings hold. The patterns are those of the services' API models
 * (the `pattern`, `min` and `max` of the shapes that the comments name) and of the pages beside them. No pattern admits
 * `*`, `?` or `$`: most of these names end in the resource of a policy.
 */
/** Unlike a union, it has one message whatever came. */
const either = (schemas: readonly v.GenericSchema<string>[], expected: string) =>
  v.pipe(
    v.string(),
    v.check((text) => schemas.some((schema) => v.is(schema, text)), expected),
  );
const named = (pattern: RegExp, longest: number, expected: string) =>
  v.pipe(v.string(), v.maxLength(longest, expected), v.regex(pattern, expected));

/** Secrets Manager's RegionType, and the regions of the endpoints of the SDKs. */
export const Region = named(new RegExp(`^${regionPattern}$`), 32, 'a region such as eu-central-1');

export const AccountId = named(/^\d{12}$/, 12, 'the twelve digits of an account');

/**
 * `/_+=.@-` beside letters and digits. A name with `!` belongs to the service before it: `rds!cluster-…`.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/service-linked-secrets.html
 */
export const SecretName = named(
  /^([a-z][a-z-]{0,63}!)?[A-Za-z0-9/_+=.@-]+$/,
  512,
  'the name of a secret: 1 to 512 letters, digits and /_+=.@-',
);

/** AWS takes such an end for that of a complete ARN, and finds another secret or none. */
const endsLikeAnArn = /-[A-Za-z0-9]{6}$/;

/** By which an existing secret is found. */
export const FindableSecretName = v.pipe(
  SecretName,
  v.check(
    (name) => !endsLikeAnArn.test(name),
    'the complete ARN of this secret: its name ends with a hyphen and six characters, as ARNs do',
  ),
);

export const NewSecretName = v.pipe(
  SecretName,
  v.check(
    (name) => !name.includes('!') && !endsLikeAnArn.test(name),
    'the name of a new secret, which holds no ! and does not end with a hyphen and six characters, as ARNs do',
  ),
);

const secretInArn = 'secret:(?:[a-z][a-z-]{0,63}!)?[A-Za-z0-9/_+=.@-]{1,512}';

/** The six characters at its end are the service's own; without them the name would be a guess. */
export const CompleteSecretArn = arn({
  service: 'secretsmanager',
  resource: `${secretInArn}-[A-Za-z0-9]{6}`,
  expected: 'the complete ARN of a secret, with the six characters at its end (or write its "name")',
});

/** Settings of a secret that is known by its name hold an ARN without the six characters. */
export const SecretArn = arn({
  service: 'secretsmanager',
  resource: secretInArn,
  expected: 'the ARN of a secret: arn:aws:secretsmanager:…:secret:…',
});

export const SecretNameOrArn = either(
  [CompleteSecretArn, FindableSecretName],
  'the name of a secret, or its complete ARN with the six characters at its end',
);

/** Lambda's FunctionName of CreateFunction: 64 characters. https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html */
const functionName = '[A-Za-z0-9_-]{1,64}';
const functionExpected = 'a function\'s name or ARN; write "alias" beside it';

/** A function's ARN without a version or alias. */
export const FunctionArn = arn({
  service: 'lambda',
  resource: `function:${functionName}`,
  expected: 'the ARN of a function, without a version: arn:aws:lambda:…:function:…',
});

/** What is invoked as it stands there may be one version or alias. */
export const InvokedFunctionArn = arn({
  service: 'lambda',
  resource: `function:${functionName}(?::(?:\\$LATEST|[A-Za-z0-9_-]{1,128}))?`,
  expected: 'the ARN of a function: arn:aws:lambda:…:function:…',
});

/** A function by its name or ARN. Which of its versions receives the traffic is said by `alias`. */
export const FunctionNameOrArn = either(
  [FunctionArn, named(new RegExp(`^${functionName}$`), 64, functionExpected)],
  functionExpected,
);

/** Lambda's Alias: digits alone are a version. */
export const FunctionAlias = named(
  /^(?!\d+$)[A-Za-z0-9_-]+$/,
  128,
  'the name of an alias: letters, digits, - and _, and not digits alone',
);

/**
 * A policy knows keys by their ids: an alias in its place admits nothing, and a wildcard every key.
 * https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
 */
export const KmsKeyArn = arn({
  service: 'kms',
  resource: 'key/(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})',
  expected: 'the ARN of a KMS key: arn:aws:kms:…:key/…, not of an alias',
});

/** IAM's userNameType. */
export const UserName = named(/^[\w+=,.@-]+$/, 64, 'the name of an IAM user');

/** DBInstanceIdentifier and DBClusterIdentifier. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html */
export const DatabaseIdentifier = named(
  /^[A-Za-z](-?[A-Za-z0-9])*$/,
  63,
  'the identifier of an instance or cluster in RDS: a letter, then letters, digits and single hyphens',
);

/** RDS's DBProxyName. */
export const ProxyName = named(
  /^[A-Za-z](-?[A-Za-z0-9])*$/,
  63,
  'the name of an RDS Proxy: a letter, then letters, digits and single hyphens',
);

/** The ids of EC2 have eight or seventeen hexadecimal digits. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html */
const networkId = (kind: string, what: string) =>
  named(
    new RegExp(`^${kind}-([0-9a-f]{8}|[0-9a-f]{17})$`),
    32,
    `the id of a ${what}: ${kind}- and 8 or 17 hexadecimal digits`,
  );
export const VpcId = networkId('vpc', 'VPC');
export const SubnetId = networkId('subnet', 'subnet');
export const SecurityGroupId = networkId('sg', 'security group');

/**
 * A model's or inference profile's id or ARN: FoundationModelArn, ModelArn and InferenceProfileArn of Bedrock.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
 */
const modelExpected = 'the id or ARN of a model or inference profile, such as amazon.nova-lite-v1:0';
export const ModelId = either(
  [
    arn({
      service: 'bedrock',
      resource: String.raw`foundation-model/[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,3}(?::[a-z0-9-]{1,63}){0,2}`,
      account: 'none',
      expected: modelExpected,
    }),
    arn({
      service: 'bedrock',
      resource: String.raw`(?:(?:custom-model/[a-z0-9-]{1,63}\.[a-z0-9:-]{1,63}|custom-model-deployment|imported-model|provisioned-model)/[a-z0-9]{12}|(?:application-)?inference-profile/[A-Za-z0-9:.-]{1,64})`,
      expected: modelExpected,
    }),
    named(/^[A-Za-z0-9]([:.-]?[A-Za-z0-9])*$/, 140, modelExpected),
  ],
  modelExpected,
);

/** EventBridge Scheduler's lengths of ScheduleExpression and ScheduleExpressionTimezone. */
export const LONGEST_SCHEDULE = 256;
export const LONGEST_TIME_ZONE = 50;

/** PostgreSQL keeps 63 bytes of a name and drops the rest. https://www.postgresql.org/docs/current/sql-syntax-lexical.html */
export const DatabaseRole = v.pipe(plainText(63), v.maxBytes(63, 'the name of a role: at most 63 bytes'));

/** A set of characters, which no password holds. A password is made of what is left of printable ASCII. */
export const ExcludedCharacters = v.pipe(
  v.string(),
  v.regex(/^[!-~ ]{0,100}$/, 'at most 100 characters of printable ASCII'),
);
