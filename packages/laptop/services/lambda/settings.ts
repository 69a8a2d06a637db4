import type { Call } from '../../cloud.ts';
import { reservedVariables } from '../../environments/variables.ts';
import { between, check, longest, oneOf, pattern } from '../constraints.ts';
import type { FunctionCode } from './code.ts';
import { invalidParameter } from './errors.ts';
import type { FunctionSettings } from './state.ts';

const MOST_VARIABLES_BYTES = 4 * 1024;
const pythonRuntimes = ['9', '10', '11', '12', '13', '14'].map((minor) => `python3.${minor}`);
const runtimes = ['nodejs18.x', 'nodejs20.x', 'nodejs22.x', 'nodejs24.x', ...pythonRuntimes];
const kmsArn = '(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()';

/** The constraints of CreateFunction's and UpdateFunctionConfiguration's members. */
export function checkConfiguration(input: any): void {
  check(
    ['role', input.Role, longest(10_000), pattern('arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+')],
    ['handler', input.Handler, longest(128), pattern('[^\\s]+')],
    ['description', input.Description, longest(256)],
    ['timeout', input.Timeout, between(1, 900)],
    ['memorySize', input.MemorySize, between(128, 10_240)],
    ['kMSKeyArn', input.KMSKeyArn, pattern(kmsArn)],
    ['packageType', input.PackageType, oneOf('Image', 'Zip')],
    ['ephemeralStorage.size', input.EphemeralStorage?.Size, between(512, 10_240)],
    ['tracingConfig.mode', input.TracingConfig?.Mode, oneOf('Active', 'PassThrough')],
    ['loggingConfig.logFormat', input.LoggingConfig?.LogFormat, oneOf('JSON', 'Text')],
    ['loggingConfig.logGroup', input.LoggingConfig?.LogGroup, longest(512), pattern('[\\.\\-_/#A-Za-z0-9]+')],
  );
  checkVariables(input.Environment?.Variables);
  refuseUnsupported(input);
}

function checkVariables(variables: Record<string, string> | undefined): void {
  if (!variables) return;
  const names = Object.keys(variables);
  for (const name of names) {
    check([`environment.variables.${name}.member`, name, pattern('[a-zA-Z]([a-zA-Z0-9_])+')]);
  }
  const reserved = names.filter((name) => reservedVariables.includes(name));
  if (reserved.length > 0) {
    throw invalidParameter(
      `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  const measured = JSON.stringify(variables);
  if (Buffer.byteLength(measured) > MOST_VARIABLES_BYTES) {
    throw invalidParameter(
      `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: ${measured}`,
    );
  }
}

// Refused aloud, in the error that AWS gives to a member it cannot serve.
function refuseUnsupported(input: any): void {
  const refuse = (member: string) => {
    throw invalidParameter(`${member} is not supported on the laptop: SUPPORT.md of @keyturn/laptop lists what is.`);
  };
  if (input.PackageType === 'Image' || input.Code?.ImageUri || input.ImageUri) refuse('A container image');
  if (input.Layers?.length) refuse('Layers');
  if (input.FileSystemConfigs?.length) refuse('FileSystemConfigs');
  if (input.CodeSigningConfigArn) refuse('CodeSigningConfigArn');
  if (input.SnapStart?.ApplyOn && input.SnapStart.ApplyOn !== 'None') refuse('SnapStart');
  if (input.Runtime !== undefined && !runtimes.includes(input.Runtime)) {
    throw invalidParameter(
      `Value ${input.Runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${runtimes.join(', ')}] or be a valid ARN`,
    );
  }
}

/** What an input changes in settings; members that are absent stay. */
export function changeSettings(settings: FunctionSettings, input: any): FunctionSettings {
  const logging = input.LoggingConfig;
  const given: { -readonly [K in keyof FunctionSettings]?: FunctionSettings[K] | undefined } = {
    description: input.Description,
    handler: input.Handler,
    runtime: input.Runtime,
    roleArn: input.Role,
    timeoutSeconds: input.Timeout,
    memoryMegabytes: input.MemorySize,
    // Variables are replaced as a whole.
    variables: input.Environment ? (input.Environment.Variables ?? {}) : undefined,
    deadLetterArn: input.DeadLetterConfig?.TargetArn,
    kmsKeyArn: input.KMSKeyArn,
    tracingMode: input.TracingConfig?.Mode,
    ephemeralStorageMegabytes: input.EphemeralStorage?.Size,
    architecture: input.Architectures?.[0],
    logFormat: logging?.LogFormat,
    logGroupName: logging?.LogGroup,
    applicationLogLevel: logging?.ApplicationLogLevel,
    systemLogLevel: logging?.SystemLogLevel,
    vpc: input.VpcConfig
      ? { subnetIds: input.VpcConfig.SubnetIds ?? [], securityGroupIds: input.VpcConfig.SecurityGroupIds ?? [] }
      : undefined,
  };
  return { ...settings, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}

/** AWS's defaults. https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html */
export function defaultSettings(functionName: string, code: FunctionCode): FunctionSettings {
  return {
    description: '',
    handler: 'index.handler',
    runtime: 'nodejs22.x',
    roleArn: '',
    timeoutSeconds: 3,
    memoryMegabytes: 128,
    architecture: 'x86_64',
    ephemeralStorageMegabytes: 512,
    tracingMode: 'PassThrough',
    logFormat: 'Text',
    logGroupName: `/aws/lambda/${functionName}`,
    code,
  };
}

/** Throws when Lambda could not assume the role: it does not exist, or does not trust Lambda. */
export function checkRole(call: Pick<Call, 'cloud'>, roleArn: string): void {
  const iam = call.cloud.service<any>('iam').state as {
    identity(arn: string): { kind: string; trustPolicy?: string } | undefined;
  };
  const role = iam.identity(roleArn);
  if (role?.kind === 'role' && trustsLambda(role.trustPolicy)) return;
  throw invalidParameter('The role defined for the function cannot be assumed by Lambda.');
}

function trustsLambda(trustPolicy: string | undefined): boolean {
  const statements = [JSON.parse(trustPolicy ?? '{}').Statement ?? []].flat();
  return statements.some((statement: any) => {
    const services = [statement?.Principal?.Service ?? []].flat();
    return statement?.Effect === 'Allow' && services.includes('lambda.amazonaws.com');
  });
}
