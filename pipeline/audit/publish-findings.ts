import { createHash } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Finding } from '../contracts/audit.ts';
import type { Metric } from '../contracts/metrics.ts';
import type { ComposedEvent } from '../reports/composed.ts';
import type { Audit } from './audit.ts';
import { newestOf, readVersions } from './read-story.ts';

/** A finding that stays is published once a day, however often the audit runs. */
const PUBLISH_AGAIN_MILLISECONDS = 24 * 3_600_000 - 10 * 60_000;

/** The same finding has the same id each time. */
export function findingId({ secretArn, secretName, code, versionId = '' }: Finding): string {
  const text = ['audit', secretArn || secretName, code, versionId].join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** A fixed number of metrics: how many secrets are overdue, how much else is found, and that the audit has run. */
export function auditMetrics({ findings }: Audit): Metric[] {
  const overdue = findings.filter(({ code }) => code === 'SecretOverdue').length;
  return [
    { name: 'SecretOverdue', value: overdue, unit: 'Count' },
    { name: 'DriftFound', value: findings.length - overdue, unit: 'Count' },
    { name: 'AuditCompleted', value: 1, unit: 'Count' },
  ];
}

/** The events of findings that were not published within a day. */
export async function eventsToPublish(
  history: { client: Pick<DynamoDBClient, 'send'>; tableName: string; now: Date },
  findings: readonly Finding[],
): Promise<ComposedEvent[]> {
  const due: ComposedEvent[] = [];
  const since = history.now.getTime() - PUBLISH_AGAIN_MILLISECONDS;
  for (const secretArn of new Set(findings.map((finding) => finding.secretArn))) {
    const rows = readVersions(await newestOf(history.client, history.tableName, secretArn));
    const published = new Set(
      rows.filter(({ type, at }) => type === 'Drift Found' && at.getTime() > since).map(({ id }) => id),
    );
    const unpublished = findings.filter(
      (finding) => finding.secretArn === secretArn && !published.has(findingId(finding)),
    );
    due.push(...unpublished.map(driftFound));
  }
  return due;
}

function driftFound(finding: Finding): ComposedEvent {
  const { secretArn, secretName, versionId, code, message, command } = finding;
  const detail = { secretArn, secretName, ...(versionId && { versionId }), code, message, repair: command };
  return { type: 'Drift Found', id: findingId(finding), detail };
}
