import type { SecretStatus } from '../../../../pipeline/dashboard/secret-status.ts';
import { renderWidget } from '../../../../pipeline/dashboard/widget-html.ts';

const arn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

/** The pipeline's own widget with secrets of these names, as a table or as cards: a literal for a function's code. */
export function secretsWidget(names: string[], width: number): string {
  const statuses = names.map((name): SecretStatus => {
    const standing = {
      tone: 'bad',
      word: 'Rolled back',
      since: new Date(0),
      explanation: 'It fails. '.repeat(20),
    } as const;
    const word = 'converging until 2026-05-01T12:00:00Z';
    const consumer = 'example-catalogue-function';
    const checks = [{ name: consumer, tone: 'good', word: 'passed at 2026-05-01T12:00:00Z' } as const];
    const consumers = [
      { name: consumer, tone: 'busy', word, state: 'converging', expectedAt: new Date(0), isOverdue: false } as const,
    ];
    const offers = (['rotate', 'check', 'roll-back'] as const).map((operation) => ({ operation }));
    const [versionId, previousVersionId] = [`keyturn-1${'0'.repeat(31)}`, `keyturn-2${'0'.repeat(31)}`];
    const next = { at: new Date(0), isOverdue: false };
    const rest = {
      versionId,
      previousVersionId,
      ageSeconds: 7_200,
      next,
      schedule: 'rate(30 days)',
      consumers,
      checks,
      offers,
    };
    return { name, arn: `arn:${name}`, kind: 'postgres, alternating-users', standing, ...rest };
  });
  const functions = { widgetFunctionArn: arn('list'), buttonFunctionArn: arn('list') };
  const frame = {
    now: new Date(0),
    region: 'us-east-1',
    theme: 'light',
    width,
    ...functions,
    newPress: () => 'p',
  } as const;
  return JSON.stringify(renderWidget({ statuses, unread: [], nextToken: undefined }, frame));
}
