import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { composeNotice } from '../pipeline/reports/notice.ts';
import { environmentText, readEnvironment } from './wiring/environment.ts';

const environment = readEnvironment({ KEYTURN_NOTICE_TOPIC_ARN: environmentText });
const client = new SNSClient({});

/** Rule Notices: turns events and alarms into notices on the topic. The same event twice is the same notice twice. */
export async function handler(event: unknown): Promise<{ sent: boolean }> {
  const notice = composeNotice(event);
  if (!notice) return { sent: false };
  await client.send(
    new PublishCommand({
      TopicArn: environment.KEYTURN_NOTICE_TOPIC_ARN,
      Subject: notice.subject,
      Message: notice.message,
    }),
  );
  return { sent: true };
}
