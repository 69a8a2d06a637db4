import type * as v from 'valibot';
import { hasLogin } from '../grammar/hosts.ts';
import { contractOf } from '../kinds/kind-contracts.ts';
import { secretKinds } from '../secret-kinds.ts';
import { checkParameters } from '../settings/checks.ts';
import { keysOf, readStrictly } from './entries/manifest-issues.ts';
import type { ManifestCheck, ManifestSecret } from './manifest.ts';

/** Checks that would check nothing, or another thing than they say. Pure. */
export function checkProblems(secret: ManifestSecret): string[] {
  return secret.checks.flatMap((check, index) =>
    problemsOf(secret, check).map((problem) => `checks[${index}]: ${problem}`),
  );
}

/** `a "postgres"` */
const databaseKinds = secretKinds
  .filter((kind) => contractOf({ kind }).databaseCheckDefaults)
  .map((kind) => `a "${kind}"`)
  .join(' or ');

function problemsOf(secret: ManifestSecret, check: ManifestCheck): string[] {
  if (check.type === 'function') {
    if (check.function) return [];
    return ['a check of type "function" names its function: write "function": "<name or ARN>".'];
  }
  if (check.type === 'database' && !databaseCheckDefaults(secret)) {
    return [`a check of type "database" logs in with ${databaseKinds} secret; this one is "${secret.kind}".`];
  }
  const consumer = checkedConsumer(secret, check);
  if (check.type === 'consumer' && !consumer) {
    return ['which consumer answers the canary? Write "function": "<name or ARN>" in the check.'];
  }
  if (check.type !== 'consumer' && check.function) {
    return [`"function" is for checks of type "function" and "consumer". Remove it, or write "type": "function".`];
  }
  if (check.type === 'consumer' && 'functionArn' in check.parameters) {
    return ['parameters: unknown key "functionArn". Write "function": "<name or ARN>" in the check.'];
  }
  if (typeof check.parameters.url === 'string' && hasLogin(check.parameters.url)) {
    return ['parameters: url: expected an address without a login in it. Write "key" for the secret, or none.'];
  }
  // The function's ARN is known when the stack is made; its shape is all that is asked here.
  const functionArn = consumer && { functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:name' };
  return parameterProblems(check.type, { ...check.parameters, ...functionArn });
}

function parameterProblems(type: keyof typeof checkParameters, parameters: object): string[] {
  const schema = checkParameters[type];
  const read = readStrictly<v.GenericSchema>(schema, parameters, keysOf(schema));
  if ('value' in read) return [];
  return read.problems.map((problem) => `parameters: ${problem.replace('the manifest: ', '')}`);
}

/** What the manifest says elsewhere already, so that a check of type `database` need not repeat it. */
export function databaseCheckDefaults(secret: ManifestSecret): Record<string, unknown> | undefined {
  return secret.kind === 'watched' ? undefined : contractOf(secret).databaseCheckDefaults?.(secret);
}

/** Whose canary a check of type `consumer` is: the one it names, or the only one there is. */
export function checkedConsumer(
  secret: Pick<ManifestSecret, 'consumers'>,
  check: ManifestCheck,
): { function: string; alias?: string } | undefined {
  if (check.type !== 'consumer') return undefined;
  const named = secret.consumers.find((consumer) => consumer.function === check.function);
  if (named) return named;
  if (check.function) return { function: check.function };
  return secret.consumers.length === 1 ? secret.consumers[0] : undefined;
}
