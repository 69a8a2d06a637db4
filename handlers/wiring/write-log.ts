/**
 * Writes one line of JSON with the members that Powertools' logger writes, so that the same queries find it. What an error
 * carries besides its name, message, stack and cause is left out.
 * https://docs.aws.amazon.com/powertools/typescript/latest/features/logger/
 */
export function writeLog(
  level: 'WARN' | 'ERROR',
  message: string,
  attributes: Readonly<Record<string, unknown>>,
): void {
  const { _X_AMZN_TRACE_ID: trace, POWERTOOLS_SERVICE_NAME: service = 'keyturn', POWERTOOLS_LOG_LEVEL } = process.env;
  if (quieter[level].includes(POWERTOOLS_LOG_LEVEL ?? '')) return;
  const line = {
    level,
    message,
    timestamp: new Date().toISOString(),
    service,
    xray_trace_id: /Root=([^;]+)/.exec(trace ?? '')?.[1],
    ...attributes,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const quieter = { WARN: ['ERROR', 'CRITICAL', 'SILENT'], ERROR: ['CRITICAL', 'SILENT'] };

export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  return { name, message, stack, ...(cause !== undefined && { cause: describeError(cause) }) };
}
