import type { Call, Operation } from '../../cloud.ts';
import { between, check, longest, shortest } from '../constraints.ts';
import { answer } from './answer.ts';
import { invokeAccess, servingModel, validation } from './invocation.ts';
import type { BedrockState } from './state.ts';

type Block = Readonly<Record<string, unknown>>;

interface ConverseInput {
  readonly modelId: string;
  readonly messages?: readonly { readonly role: string; readonly content: readonly Block[] }[];
  readonly system?: readonly Block[];
  readonly inferenceConfig?: {
    readonly maxTokens?: number;
    readonly temperature?: number;
    readonly topP?: number;
    readonly stopSequences?: readonly string[];
  };
}

/** What a stub cannot do honestly; refused rather than passed over. */
const unsupported = ['toolConfig', 'guardrailConfig', 'promptVariables', 'outputConfig'];

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
export function converseOperation(state: BedrockState): Operation {
  return {
    validate: checkMembers,
    access: invokeAccess(state),
    handle(input: ConverseInput, call: Call) {
      const started = performance.now();
      const { model } = servingModel(state, input.modelId, call);
      if (model.family === 'titan-embedding') {
        throw validation(
          "This action doesn't support the model that you provided. Try again with a supported text or chat model.",
        );
      }
      checkConversation(input);
      const maxTokens = maxTokensOf(input.inferenceConfig?.maxTokens, model.maxOutputTokens);
      const said = answer({
        modelName: model.name,
        texts: [...textsOf(input.system), ...(input.messages ?? []).flatMap(({ content }) => textsOf(content))],
        maxTokens,
        stopSequences: input.inferenceConfig?.stopSequences ?? [],
      });
      return {
        output: { message: { role: 'assistant', content: [{ text: said.text }] } },
        stopReason: said.stopReason,
        usage: {
          inputTokens: said.inputTokens,
          outputTokens: said.outputTokens,
          totalTokens: said.inputTokens + said.outputTokens,
        },
        metrics: { latencyMs: Math.max(1, Math.round(performance.now() - started)) },
      };
    },
  };
}

function checkMembers(input: ConverseInput & Record<string, unknown>): void {
  check(
    ['modelId', input.modelId, shortest(1), longest(2048)],
    ['inferenceConfig.maxTokens', input.inferenceConfig?.maxTokens, between(1, Number.MAX_SAFE_INTEGER)],
    ['inferenceConfig.temperature', input.inferenceConfig?.temperature, between(0, 1)],
    ['inferenceConfig.topP', input.inferenceConfig?.topP, between(0, 1)],
    ['inferenceConfig.stopSequences', input.inferenceConfig?.stopSequences, longest(2500)],
  );
  const member = unsupported.find((name) => input[name] !== undefined);
  if (member) throw validation(`${member} is not supported on the laptop: its models are stubs that answer text.`);
}

export function maxTokensOf(asked: number | undefined, most: number): number {
  if (asked === undefined || asked <= most) return asked ?? most;
  throw validation(
    `The maximum tokens you requested exceeds the model limit of ${most}. Try again with a maximum tokens value that is lower than ${most}.`,
  );
}

function checkConversation({ messages = [], system = [] }: ConverseInput): void {
  if (messages[0]?.role !== 'user') {
    throw validation(
      'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
    );
  }
  for (const [index, { role, content }] of messages.entries()) {
    if (role !== 'user' && role !== 'assistant') {
      throw validation(
        `1 validation error detected: Value '${role}' at 'messages.${index + 1}.member.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant]`,
      );
    }
    if (messages[index - 1]?.role === role) {
      throw validation(
        'A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.',
      );
    }
    if (content.length === 0) {
      throw validation(
        `The content field in the Message object at messages.${index} is empty. Add a ContentBlock object to the content field and try again.`,
      );
    }
    checkBlocks(content, `messages.${index}.content`);
  }
  checkBlocks(system, 'system');
}

function checkBlocks(blocks: readonly Block[], path: string): void {
  for (const [index, block] of blocks.entries()) {
    if (typeof block.text === 'string') {
      if (block.text.trim() !== '') continue;
      throw validation(
        `The text field in the ContentBlock object at ${path}.${index} is blank. Add text to the text field, and try again.`,
      );
    }
    if (block.cachePoint === undefined) {
      throw validation(`${path}.${index}: only text is supported on the laptop: its models are stubs.`);
    }
  }
}

function textsOf(blocks: readonly Block[] = []): string[] {
  return blocks.map(({ text }) => text).filter((text) => typeof text === 'string');
}
