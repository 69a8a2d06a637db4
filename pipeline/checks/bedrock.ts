import {
  type BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandOutput,
} from '@aws-sdk/client-bedrock-runtime';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { CheckCode } from '../contracts/check.ts';
import { regionsFor } from '../contracts/region-strategy.ts';
import { BedrockCheckParameters } from '../contracts/settings/checks.ts';
import { describeBedrockFault } from './bedrock-faults.ts';
import type { Check, CheckSubject } from './check.ts';
import { CheckFailed, CheckInterrupted, CheckUnable } from './errors.ts';
import { readCurrent } from './read-current.ts';
import { rotatedKey } from './rotated-key.ts';

export interface BedrockCheckDependencies {
  /** GetSecretValue of the secret under test, where its key is used. */
  secretsManager: Pick<SecretsManagerClient, 'send'>;
  /** A client for a region: with the key as bearer token, or with the function's role. It tries a call once. */
  bedrockIn(region: string, key?: string): Pick<BedrockRuntimeClient, 'send' | 'destroy'>;
  /** The region of the deployment. */
  region: string;
  now(): Date;
}

/** A model that is missing or busy here may be there; a missing grant or a bad key is one everywhere. */
const elsewhere = new Set<CheckCode>([
  'ModelNotEnabled',
  'ModelUnknown',
  'Throttled',
  'ModelUnavailable',
  'Unavailable',
  'NoRoute',
]);

/**
 * Converses with a model: a few words in, a few tokens out, since input plus maxTokens is reserved at the start. With the
 * role, in the regions that the strategy names, one after the other; with the rotated key, in the first of them only, to
 * which the key is bound. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
 */
export function bedrockCheck(dependencies: BedrockCheckDependencies): Check<BedrockCheckParameters> {
  return {
    parameters: BedrockCheckParameters,
    async run(subject, parameters) {
      const { modelId, credential } = parameters;
      const key = await keyOf(dependencies, subject, parameters);
      const fitting = regionsFor(modelId, parameters, dependencies.region);
      const regions = key === undefined ? fitting : fitting.slice(0, 1);
      if (regions.length === 0) {
        throw new CheckUnable(
          'WrongRegion',
          `${modelId} cannot be called from ${parameters.region ?? dependencies.region}${parameters.fallbackRegion ? ` or ${parameters.fallbackRegion}` : ''}: ` +
            'an inference profile answers in regions of its geography only. Write such a one as "region" or "fallbackRegion".',
        );
      }
      const { region, latencyMilliseconds, answer } = await firstToAnswer(dependencies, regions, parameters, key);
      const { inputTokens = 0, outputTokens = 0 } = answer.usage ?? {};
      const by = credential === 'role' ? 'the role' : 'the rotated key';
      return {
        observed: `${modelId} in ${region} answers ${by} in ${latencyMilliseconds} ms with ${inputTokens} + ${outputTokens} tokens`,
        measured: { region, modelId, credential, latencyMilliseconds, inputTokens, outputTokens },
      };
    },
  };
}

async function keyOf(
  { secretsManager }: BedrockCheckDependencies,
  subject: CheckSubject,
  { credential, pointer }: BedrockCheckParameters,
): Promise<string | undefined> {
  if (credential === 'role') return undefined;
  const { value } = await readCurrent(secretsManager, subject);
  return rotatedKey(subject.secretName, value, pointer);
}

interface Answered {
  readonly region: string;
  readonly latencyMilliseconds: number;
  readonly answer: ConverseCommandOutput;
}

async function firstToAnswer(
  dependencies: BedrockCheckDependencies,
  regions: string[],
  parameters: BedrockCheckParameters,
  key: string | undefined,
): Promise<Answered> {
  const faults: (CheckFailed | CheckInterrupted)[] = [];
  for (const region of regions) {
    const startedAt = dependencies.now().getTime();
    try {
      const answer = await converse(dependencies, region, parameters, key);
      return { region, latencyMilliseconds: dependencies.now().getTime() - startedAt, answer };
    } catch (error) {
      const fault = describeBedrockFault(error, `${parameters.modelId} in ${region}`, parameters.credential);
      if (!(fault instanceof CheckFailed || fault instanceof CheckInterrupted)) throw fault;
      faults.push(fault);
      if (!elsewhere.has(fault.code)) break;
    }
  }
  // One that may pass lets the whole be tried again; so does the role, which says nothing of the rotated key.
  const passing = faults.find((fault) => fault instanceof CheckInterrupted);
  const text = faults.map(({ message }) => message).join(' ');
  const { code } = passing ?? faults.at(-1)!;
  throw passing || key === undefined ? new CheckInterrupted(code, text) : new CheckFailed(code, text);
}

async function converse(
  { bedrockIn }: BedrockCheckDependencies,
  region: string,
  { modelId, prompt, maxTokens, timeoutSeconds }: BedrockCheckParameters,
  key: string | undefined,
): Promise<ConverseCommandOutput> {
  const client = bedrockIn(region, key);
  try {
    return await client.send(
      new ConverseCommand({
        modelId,
        messages: [{ role: 'user', content: [{ text: prompt }] }],
        inferenceConfig: { maxTokens },
      }),
      { abortSignal: AbortSignal.timeout(timeoutSeconds * 1000) },
    );
  } finally {
    client.destroy();
  }
}
