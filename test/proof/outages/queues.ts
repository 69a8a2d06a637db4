import type { Stage } from './stage.ts';

export interface Message {
  readonly Body: string;
  readonly ReceiptHandle: string;
}

export async function queueUrl(stage: Stage, name: RegExp): Promise<string> {
  const { QueueUrls = [] } = await stage.ask('sqs', 'ListQueues', {});
  return QueueUrls.find((url: string) => name.test(url)) as string;
}

/** Every message that is there now, as docs/operating.md says how to look. */
export async function receive(stage: Stage, QueueUrl: string): Promise<Message[]> {
  const messages: Message[] = [];
  for (;;) {
    const { Messages = [] } = await stage.ask('sqs', 'ReceiveMessage', {
      QueueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 43_200,
    });
    if (Messages.length === 0) return messages;
    messages.push(...Messages);
  }
}
