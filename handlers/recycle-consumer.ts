import { LambdaClient } from '@aws-sdk/client-lambda';
import * as v from 'valibot';
import { parse } from '../pipeline/contracts/parse.ts';
import { type RecycleProgress, recycleConsumer } from '../pipeline/propagation/recycle-consumer.ts';

const client = new LambdaClient({});

const arn = v.pipe(v.string(), v.startsWith('arn:'));
const text = v.pipe(v.string(), v.nonEmpty());

const Request = v.object({
  functionArn: arn,
  alias: v.optional(text),
  /** The secret or the parameter whose version every environment shall begin with. */
  secretArn: v.optional(arn),
  versionId: text,
  /** When that version became current: environments that began before may hold another. */
  promotedAt: v.pipe(v.string(), v.isoTimestamp()),
  /** When the recycle began. */
  since: v.optional(v.pipe(v.string(), v.isoTimestamp())),
});

/** Task state RecycleConsumer of propagate-secret. */
export async function handler(event: unknown): Promise<RecycleProgress> {
  const { secretArn, promotedAt, since, ...request } = parse('The recycle request', Request, event);
  return recycleConsumer(
    client,
    {
      ...request,
      itemArn: secretArn ?? request.functionArn,
      promotedAt: new Date(promotedAt),
      ...(since && { since: new Date(since) }),
    },
    new Date(),
  );
}
