import { createHash } from 'node:crypto';
import type { Alias, FunctionVersion, LambdaFunction } from './state.ts';

/** `2026-01-02T03:04:05.678+0000` */
export const lambdaTime = (date: Date) => date.toISOString().replace('Z', '+0000');

export interface DescribeOptions {
  /** The ARN as AWS prints it for this operation; the version's own when missing. */
  readonly arn?: string;
  /** Lists leave out the state. */
  readonly inList?: boolean;
  /** What stands instead of the variables when they could not be decrypted. */
  readonly environmentError?: { ErrorCode: string; Message: string };
}

export function runtimeVersionArn(region: string, runtime: string): string {
  return `arn:aws:lambda:${region}::runtime:${createHash('sha256').update(runtime).digest('hex')}`;
}

/** FunctionConfiguration. https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html */
export function describeVersion(fn: LambdaFunction, version: FunctionVersion, options: DescribeOptions = {}) {
  const { settings } = version.snapshot;
  return {
    FunctionName: fn.name,
    FunctionArn: options.arn ?? version.arn,
    Runtime: settings.runtime,
    Role: settings.roleArn,
    Handler: settings.handler,
    CodeSize: settings.code.sizeBytes,
    Description: settings.description,
    Timeout: settings.timeoutSeconds,
    MemorySize: settings.memoryMegabytes,
    LastModified: lambdaTime(version.lastModified),
    CodeSha256: settings.code.sha256,
    Version: version.version,
    TracingConfig: { Mode: settings.tracingMode },
    RevisionId: version.revisionId,
    PackageType: 'Zip',
    Architectures: [settings.architecture],
    EphemeralStorage: { Size: settings.ephemeralStorageMegabytes },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    LoggingConfig: {
      LogFormat: settings.logFormat,
      LogGroup: settings.logGroupName,
      ...(settings.applicationLogLevel ? { ApplicationLogLevel: settings.applicationLogLevel } : {}),
      ...(settings.systemLogLevel ? { SystemLogLevel: settings.systemLogLevel } : {}),
    },
    ...(settings.vpc
      ? { VpcConfig: { SubnetIds: settings.vpc.subnetIds, SecurityGroupIds: settings.vpc.securityGroupIds, VpcId: '' } }
      : {}),
    ...(settings.deadLetterArn ? { DeadLetterConfig: { TargetArn: settings.deadLetterArn } } : {}),
    ...(settings.kmsKeyArn ? { KMSKeyArn: settings.kmsKeyArn } : {}),
    ...environmentOf(version, options),
    ...(options.inList ? {} : stateOf(fn, version)),
  };
}

function environmentOf(version: FunctionVersion, { environmentError }: DescribeOptions) {
  if (environmentError) return { Environment: { Error: environmentError } };
  const { variables } = version.snapshot.settings;
  return variables ? { Environment: { Variables: variables } } : {};
}

function stateOf(fn: LambdaFunction, version: FunctionVersion) {
  const runtime = { RuntimeVersionArn: runtimeVersionArn(fn.region, version.snapshot.settings.runtime) };
  if (version.state === 'Pending') {
    return {
      State: 'Pending',
      StateReason: 'The function is being created.',
      StateReasonCode: 'Creating',
      RuntimeVersionConfig: runtime,
    };
  }
  const update = version.updating
    ? {
        LastUpdateStatus: 'InProgress',
        LastUpdateStatusReason: 'The function is being created.',
        LastUpdateStatusReasonCode: 'Creating',
      }
    : { LastUpdateStatus: 'Successful' };
  return { State: 'Active', ...update, RuntimeVersionConfig: runtime };
}

export function describeAlias(alias: Alias) {
  return {
    AliasArn: alias.arn,
    Name: alias.name,
    FunctionVersion: alias.functionVersion,
    Description: alias.description,
    ...(alias.additionalWeights ? { RoutingConfig: { AdditionalVersionWeights: alias.additionalWeights } } : {}),
    RevisionId: alias.revisionId,
  };
}
