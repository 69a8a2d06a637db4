import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { quote } from '@keyturn/consumer/contracts/quote';
import { EVENT_SOURCE, type EventDetail, type EventType } from '../contracts/events.ts';
import { KeyturnError } from '../errors.ts';

/** An event could not be put on the bus. */
export class EventNotAccepted extends KeyturnError {
  readonly code = 'EventNotAccepted';
  override readonly retryable = true;
}

type Detail<Type extends EventType> = Omit<EventDetail<Type>, 'schemaVersion' | 'id'>;

/** Puts one event of the story on the pipeline's own bus. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
export async function publish<Type extends EventType>(
  client: EventBridgeClient,
  busName: string,
  event: { type: Type; id: string; detail: Detail<Type> },
): Promise<void> {
  const detail = { schemaVersion: 1, id: event.id, ...event.detail };
  // What is found of the pipeline itself is about no secret.
  const secretArn = 'secretArn' in detail && detail.secretArn ? [String(detail.secretArn)] : [];
  const answer = await client.send(
    new PutEventsCommand({
      Entries: [
        {
          EventBusName: busName,
          Source: EVENT_SOURCE,
          DetailType: event.type,
          Detail: JSON.stringify(detail),
          Resources: secretArn,
        },
      ],
    }),
  );
  if (!answer.FailedEntryCount) return;
  const entry = answer.Entries?.[0];
  throw new EventNotAccepted(
    `EventBridge did not accept "${event.type}": ${quote(`${entry?.ErrorCode} ${entry?.ErrorMessage}`, [])}.`,
  );
}

/** An error as the history holds it: a stable code and a message without values. */
export function describeError(error: unknown): { code: string; message: string; retryable: boolean } {
  if (error instanceof KeyturnError) {
    return { code: (error as { code: string }).code, message: error.message, retryable: error.retryable };
  }
  if (error instanceof Error) return { code: error.name, message: quote(error.message, []), retryable: true };
  return { code: 'Unknown', message: 'something that is not an Error was thrown', retryable: true };
}
