/** What an environment is made for: everything of a function's version that code in it can see. */
export interface VariablesSource {
  readonly functionName: string;
  readonly version: string;
  readonly handler: string;
  readonly runtime: string;
  readonly memoryMegabytes: number;
  readonly codeFolder: string;
  readonly region: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly logFormat: 'Text' | 'JSON';
  /** What Python's logging module lets through; missing when its own default holds. */
  readonly logLevel?: string;
  readonly initializationType: 'on-demand' | 'provisioned-concurrency';
  readonly endpointUrl: string;
  /** The certificates of the laptop's databases: libpq's own variable names the file. */
  readonly databaseCaPath?: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  };
  /** What the function's configuration sets. */
  readonly own: Readonly<Record<string, string>>;
}

/**
 * The environment variables of an execution environment; a function may set TZ and its like, never the reserved ones.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 */
export function environmentVariables(source: VariablesSource): Record<string, string> {
  return {
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    PATH: '/usr/local/bin:/usr/bin/:/bin:/opt/bin',
    AWS_ENDPOINT_URL: source.endpointUrl,
    ...(source.databaseCaPath && { PGSSLROOTCERT: source.databaseCaPath }),
    ...source.own,
    _HANDLER: source.handler,
    AWS_REGION: source.region,
    AWS_DEFAULT_REGION: source.own.AWS_DEFAULT_REGION ?? source.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${source.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: source.functionName,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(source.memoryMegabytes),
    AWS_LAMBDA_FUNCTION_VERSION: source.version,
    AWS_LAMBDA_INITIALIZATION_TYPE: source.initializationType,
    AWS_LAMBDA_LOG_GROUP_NAME: source.logGroupName,
    AWS_LAMBDA_LOG_STREAM_NAME: source.logStreamName,
    AWS_LAMBDA_LOG_FORMAT: source.logFormat,
    ...(source.logLevel && { AWS_LAMBDA_LOG_LEVEL: source.logLevel }),
    AWS_ACCESS_KEY_ID: source.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: source.credentials.secretAccessKey,
    AWS_SESSION_TOKEN: source.credentials.sessionToken,
    LAMBDA_TASK_ROOT: source.codeFolder,
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    ...xray,
  };
}

// There on every function, also without tracing. The address of the daemon is left out: there is none here.
const xray = { AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR', _X_AMZN_TRACE_ID: '' };

/** Keys that a function's configuration may not set. */
export const reservedVariables: readonly string[] = [
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
];
