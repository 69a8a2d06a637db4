import type { RunningCloud } from '../running-cloud.ts';
import type { SnsService } from '../services/sns/service.ts';

const MOST_SHOWN = 100;

/** What SNS sent to people, newest first. */
export function listMessages(cloud: RunningCloud): unknown[] {
  const sns = cloud.services.get('sns') as SnsService | undefined;
  return (sns?.outbox() ?? [])
    .slice(-MOST_SHOWN)
    .reverse()
    .map(({ messageId, topicArn, subject, message, publishedAt, sentTo }) => ({
      id: messageId,
      topic: topicArn.split(':').at(-1),
      subject: subject ?? '',
      message,
      at: publishedAt,
      sentTo,
    }));
}
