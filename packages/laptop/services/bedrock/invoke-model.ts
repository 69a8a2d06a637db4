import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { Call, Operation } from '../../cloud.ts';
import { check, longest, shortest } from '../constraints.ts';
import { answer, embed } from './answer.ts';
import type { FoundationModel } from './catalogue.ts';
import { maxTokensOf } from './converse.ts';
import { invokeAccess, servingModel, validation } from './invocation.ts';
import type { BedrockState } from './state.ts';

const text = v.pipe(v.string(), v.minLength(1));
const role = v.picklist(['user', 'assistant']);

/** https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html */
const novaBody = v.object({
  system: v.optional(v.array(v.object({ text })), []),
  messages: v.pipe(v.array(v.object({ role, content: v.array(v.object({ text })) })), v.minLength(1)),
  inferenceConfig: v.optional(
    v.object({
      max_new_tokens: v.optional(v.number()),
      maxTokens: v.optional(v.number()),
      stopSequences: v.optional(v.array(v.string())),
    }),
    {},
  ),
});

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html */
const claudeBody = v.object({
  anthropic_version: v.literal('bedrock-2023-05-31'),
  max_tokens: v.pipe(v.number(), v.integer(), v.minValue(1)),
  system: v.optional(v.string(), ''),
  messages: v.pipe(
    v.array(v.object({ role, content: v.union([text, v.array(v.object({ type: v.literal('text'), text }))]) })),
    v.minLength(1),
  ),
  stop_sequences: v.optional(v.array(v.string())),
});

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html */
const titanBody = v.object({
  inputText: text,
  dimensions: v.optional(v.picklist([256, 512, 1024]), 1024),
  normalize: v.optional(v.boolean()),
});

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html */
export function invokeModelOperation(state: BedrockState): Operation {
  return {
    validate(input) {
      check(['modelId', input.modelId, shortest(1), longest(2048)]);
      if (input.guardrailIdentifier !== undefined) throw validation('Guardrails are not supported on the laptop.');
    },
    access: invokeAccess(state),
    handle(input: { modelId: string; body?: Uint8Array }, call: Call) {
      const { model } = servingModel(state, input.modelId, call);
      const said = families[model.family](model, readBody(input.body));
      return { body: new TextEncoder().encode(JSON.stringify(said)), contentType: 'application/json' };
    },
  };
}

const families: Readonly<Record<FoundationModel['family'], (model: FoundationModel, body: unknown) => unknown>> = {
  nova: askNova,
  claude: askClaude,
  'titan-embedding': (_model, body) => {
    const { inputText, dimensions } = parse(titanBody, body);
    return { embedding: embed(inputText, dimensions), inputTextTokenCount: Math.ceil(inputText.length / 4) };
  },
};

function askNova(model: FoundationModel, body: unknown) {
  const { system, messages, inferenceConfig } = parse(novaBody, body);
  const said = answer({
    modelName: model.name,
    texts: [...system, ...messages.flatMap(({ content }) => content)].map((block) => block.text),
    maxTokens: maxTokensOf(inferenceConfig.max_new_tokens ?? inferenceConfig.maxTokens, model.maxOutputTokens),
    stopSequences: inferenceConfig.stopSequences ?? [],
  });
  return {
    output: { message: { content: [{ text: said.text }], role: 'assistant' } },
    stopReason: said.stopReason,
    usage: {
      inputTokens: said.inputTokens,
      outputTokens: said.outputTokens,
      totalTokens: said.inputTokens + said.outputTokens,
    },
  };
}

function askClaude(model: FoundationModel, body: unknown) {
  const { system, messages, max_tokens, stop_sequences } = parse(claudeBody, body);
  const texts = messages.flatMap(({ content }) =>
    typeof content === 'string' ? [content] : content.map((block) => block.text),
  );
  const said = answer({
    modelName: model.name,
    texts: system === '' ? texts : [system, ...texts],
    maxTokens: maxTokensOf(max_tokens, model.maxOutputTokens),
    stopSequences: stop_sequences ?? [],
  });
  const id = createHash('sha256').update(said.text).digest('hex').slice(0, 24);
  return {
    model: model.id.replace(/^anthropic\.|-v\d+:\d+$/g, ''),
    id: `msg_bdrk_${id}`,
    type: 'message',
    role: 'assistant',
    content: [{ type: 'text', text: said.text }],
    stop_reason: said.stopReason,
    stop_sequence: said.stopSequence ?? null,
    usage: { input_tokens: said.inputTokens, output_tokens: said.outputTokens },
  };
}

function readBody(body: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(body ?? []).toString('utf8'));
  } catch {
    throw validation('Malformed input request, please reformat your input and try again.');
  }
}

function parse<Schema extends v.GenericSchema>(schema: Schema, body: unknown): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, body);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue) ?? '';
  const what = issue.received === 'undefined' ? 'Field required' : `expected ${issue.expected ?? 'another value'}`;
  throw validation(
    `Malformed input request: ${path === '' ? what : `${path}: ${what}`}, please reformat your input and try again.`,
  );
}
