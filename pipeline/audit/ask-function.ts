import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { quote } from '@keyturn/consumer/contracts/quote';
import * as v from 'valibot';
import type { WorkflowRequest } from '../contracts/rotation-event.ts';
import { KeyturnError } from '../errors.ts';

/** A function that the audit or a repair asked has failed. Its message is ours: rotation functions put no values into messages. */
export class AskedInVain extends KeyturnError {
  readonly code = 'AskedInVain';
  /** What the function failed with. */
  readonly errorType: string;

  constructor(functionArn: string, errorType: string, errorMessage: string) {
    super(`${quote(errorMessage, [])} (${quote(errorType, [])} of ${functionArn.split(':').at(-1)})`);
    this.errorType = errorType;
  }
}

const LambdaError = v.object({
  errorType: v.optional(v.string(), 'Unknown'),
  errorMessage: v.optional(v.string(), 'It failed without a word.'),
});

/** Asks a rotation function, or another of the pipeline's. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html @throws AskedInVain */
export async function ask(
  client: Pick<LambdaClient, 'send'>,
  functionArn: string,
  request: WorkflowRequest | Record<string, unknown>,
): Promise<unknown> {
  const answer = await client.send(
    new InvokeCommand({ FunctionName: functionArn, Payload: Buffer.from(JSON.stringify(request)) }),
  );
  const payload: unknown = JSON.parse(Buffer.from(answer.Payload ?? []).toString('utf8') || 'null');
  if (!answer.FunctionError) return payload;
  const { errorType, errorMessage } = v.parse(LambdaError, payload ?? {});
  throw new AskedInVain(functionArn, errorType, errorMessage);
}
