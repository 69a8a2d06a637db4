import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { defaultProvider, getApiKey, withFreshSecrets } from '@keyturn/consumer';
import { authenticate } from './app/authenticate.ts';
import { HttpError, http, json, type Request, type Response, readBody } from './app/http.ts';

const API_KEY = process.env.API_KEY_SECRET_ARN ?? '';
const MODEL_ID = process.env.MODEL_ID ?? '';
const REGION = process.env.MODEL_REGION ?? process.env.AWS_REGION ?? '';

/** The key of each request is the one that is current then; the client is kept while the key is. */
let client: { key: string; bedrock: BedrockRuntimeClient } | undefined;

function clientFor(key: string): BedrockRuntimeClient {
  if (client?.key !== key) {
    client?.bedrock.destroy();
    const options = { region: REGION, token: { token: key }, authSchemePreference: ['httpBearerAuth'] };
    client = { key, bedrock: new BedrockRuntimeClient(options) };
  }
  return client.bedrock;
}

async function converse(key: string, text: string): Promise<string> {
  const answer = await clientFor(key).send(
    new ConverseCommand({
      modelId: MODEL_ID,
      messages: [{ role: 'user', content: [{ text }] }],
      inferenceConfig: { maxTokens: 64 },
    }),
  );
  return answer.output?.message?.content?.map((block) => block.text ?? '').join('') ?? '';
}

/** A refused key is read anew, and the request is sent once more if there is a newer one. */
async function converseFresh(text: string): Promise<string> {
  const key = await getApiKey(API_KEY);
  try {
    return await converse(key, text);
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status !== 401 && status !== 403) throw error;
    defaultProvider().invalidate(API_KEY);
    const newer = await getApiKey(API_KEY);
    if (newer === key) throw error;
    return converse(newer, text);
  }
}

async function serve(request: Request): Promise<Response> {
  await authenticate(request);
  const { message } = readBody(request);
  if (typeof message !== 'string' || message === '' || message.length > 2_000) {
    throw new HttpError(400, 'message must be a text of 1 to 2000 characters.');
  }
  return json(200, { answer: await converseFresh(message) });
}

export const handler = withFreshSecrets(http(serve), { canary: async () => void (await converseFresh('Say OK.')) });
