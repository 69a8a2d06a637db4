import { types } from 'node:util';
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  CONSUMER_CLIENT_CONTEXT,
  ConsumerAnswer,
  type ConsumerEvent,
} from '@keyturn/consumer/contracts/consumer-events';
import { quote } from '@keyturn/consumer/contracts/quote';
import { judgeAws } from '@keyturn/consumer/contracts/verdicts/aws';
import { judgePostgres } from '@keyturn/consumer/contracts/verdicts/postgres';
import * as v from 'valibot';
import { ConsumerCheckParameters } from '../contracts/settings/checks.ts';
import { describeAwsFault } from './aws-faults.ts';
import type { Check, CheckSubject } from './check.ts';
import { CheckFailed, CheckInterrupted, CheckUnable } from './errors.ts';
import { currentVersionId } from './read-current.ts';

export interface ConsumerCheckDependencies {
  /** InvokeFunction of the consumer. */
  lambda: Pick<LambdaClient, 'send'>;
  /** DescribeSecret, where no version is given. */
  secretsManager: Pick<SecretsManagerClient, 'send'>;
  now(): Date;
}

/**
 * Sends a consumer the canary event and expects that it works with the version under test. What the consumer throws is
 * shown by its type only: its message is another party's text, and may hold anything.
 */
export function consumerCheck(dependencies: ConsumerCheckDependencies): Check<ConsumerCheckParameters> {
  return {
    parameters: ConsumerCheckParameters,
    async run(subject, parameters) {
      const versionId = await currentVersionId(dependencies.secretsManager, subject);
      const name = nameOf(parameters);
      const startedAt = dependencies.now().getTime();
      const payload = await invoke(dependencies, { ...subject, versionId }, parameters);
      const milliseconds = dependencies.now().getTime() - startedAt;
      const held = judgeAnswer(name, subject, versionId, payload);
      return {
        observed: `${name} works in ${milliseconds} ms; its environment ${held ? 'holds the version' : 'has not read the secret'}`,
        measured: { latencyMilliseconds: milliseconds, holdsVersion: held },
      };
    },
  };
}

async function invoke(
  { lambda }: ConsumerCheckDependencies,
  subject: CheckSubject & { versionId: string },
  parameters: ConsumerCheckParameters,
): Promise<unknown> {
  const name = nameOf(parameters);
  const event: ConsumerEvent = { keyturn: { operation: 'canary', schemaVersion: 1, ...subject } };
  const answer = await asked(name, () =>
    lambda.send(
      new InvokeCommand({
        FunctionName: parameters.functionArn,
        Qualifier: parameters.alias,
        ClientContext: Buffer.from(JSON.stringify(CONSUMER_CLIENT_CONTEXT)).toString('base64'),
        Payload: Buffer.from(JSON.stringify(event)),
      }),
      { abortSignal: AbortSignal.timeout(parameters.timeoutSeconds * 1000) },
    ),
  );
  const payload = parseJson(Buffer.from(answer.Payload ?? []).toString('utf8'));
  if (!answer.FunctionError) return payload;
  const parsed = v.safeParse(v.object({ errorType: v.pipe(v.string(), v.regex(/^[\w.]{1,100}$/)) }), payload);
  throw new CheckInterrupted(
    'ConsumerDown',
    `${name} failed with ${parsed.success ? parsed.output.errorType : 'an error of no known type'}. Its own log says more.`,
  );
}

const missing = new Set(['ResourceNotFoundException', 'InvalidParameterValueException']);
/** Lambda itself, and not the function. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors */
const ofLambda = new Set<string>(['CheckNotPermitted', 'Throttled', 'NoRoute']);

async function asked<Answer>(name: string, send: () => Promise<Answer>): Promise<Answer> {
  try {
    return await send();
  } catch (error) {
    if (!types.isNativeError(error)) throw error;
    if (missing.has(error.name))
      throw new CheckUnable('ConsumerMissing', `${name}: ${quote(error.message, [])}`, { cause: error });
    const fault = describeAwsFault(error, name);
    const isOfLambda = /^(Service|Internal)/.test(error.name) || ofLambda.has((fault as CheckInterrupted).code);
    if (isOfLambda) throw fault;
    throw new CheckInterrupted('ConsumerDown', `${name} cannot be run: ${quote(error.name, [])}.`, { cause: error });
  }
}

/**
 * 1. Not the contract's shape: the handler is not wrapped, so nothing was tried. 2. The canary says no; where it names what
 * passes by itself, it did not get to the credential. 3. The environment still holds another version, so its yes proves
 * nothing. Answers whether it holds the version under test.
 */
function judgeAnswer(
  name: string,
  { secretArn, secretName }: CheckSubject,
  versionId: string,
  payload: unknown,
): boolean {
  const parsed = v.safeParse(ConsumerAnswer, payload);
  const { canary, held } = parsed.success ? parsed.output.keyturn : {};
  if (!canary || !held) {
    throw new CheckUnable(
      'AnswerInvalid',
      `${name} did not answer the canary event. Wrap its handler with withFreshSecrets, or remove the check.`,
    );
  }
  if (!canary.ok) {
    const [, word, code] = /^(\w{1,100}):(?: (\w{1,100})$)?/.exec(canary.message ?? '') ?? [];
    const text = `${name} cannot work with version ${versionId}${word ? `: ${word}` : ''}${code ? ` ${code}` : ''}. Its own log says more.`;
    if (isNotNow(word, code)) throw new CheckInterrupted('ConsumerDown', text);
    throw new CheckFailed('CanaryFailed', text);
  }
  const versions = held.filter(({ secretId }) => secretId === secretArn || secretId === secretName);
  if (versions.some((one) => one.versionId !== undefined && one.versionId !== versionId)) {
    throw new CheckInterrupted('ConsumerStale', `${name}: the environment that answered holds another version.`);
  }
  return versions.some((one) => one.versionId === versionId);
}

function isNotNow(name: string | undefined, code: string | undefined): boolean {
  return judgePostgres({ code }) === 'not-now' || judgeAws({ name }) === 'not-now';
}

function nameOf({ functionArn, alias }: ConsumerCheckParameters): string {
  const name = functionArn.split(':').slice(6).join(':');
  return alias ? `${name}:${alias}` : name;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Text that is no JSON is no answer of the contract, and may hold anything. Do not quote it.
    return undefined;
  }
}
