import { LambdaClient } from '@aws-sdk/client-lambda';
import * as v from 'valibot';
import { parse } from '../pipeline/contracts/parse.ts';
import { type RecycleProgress, recycleConsumer } from '../pipeline/propagation/recycle-consumer.ts';

const client = new LambdaClient({});

const Request = v.object({
  functionArn: v.pipe(v.string(), v.startsWith('arn:')),
  alias: v.optional(v.pipe(v.string(), v.nonEmpty())),
  versionId: v.pipe(v.string(), v.nonEmpty()),
});

/** Task state RecycleConsumer of propagate-secret. */
export async function handler(event: unknown): Promise<RecycleProgress> {
  return recycleConsumer(client, parse('The recycle request', Request, event));
}
