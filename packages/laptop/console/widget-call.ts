import * as v from 'valibot';
import { AwsError, type Principal } from '../cloud.ts';
import type { RunningCloud } from '../running-cloud.ts';

/** What the page sends when a custom widget is shown, or a `cwdb-action` of it is called. */
export const WidgetCall = v.strictObject({
  endpoint: v.pipe(v.string(), v.regex(/^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:[\w$-]+)?$/)),
  parameters: v.record(v.string(), v.unknown()),
  widgetContext: v.record(v.string(), v.unknown()),
});
export type WidgetCall = v.InferOutput<typeof WidgetCall>;

export type WidgetAnswer =
  | { readonly kind: 'html'; readonly html: string }
  | { readonly kind: 'markdown'; readonly markdown: string }
  | { readonly kind: 'json'; readonly json: string }
  | { readonly kind: 'error'; readonly message: string };

/**
 * Invokes the function behind a custom widget as the viewer of the dashboard: here the person in front of the laptop.
 * A string is HTML, `{"markdown": …}` is Markdown, anything else is shown as JSON.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_about.html
 */
export async function callWidget(cloud: RunningCloud, call: WidgetCall): Promise<WidgetAnswer> {
  const event = { ...call.parameters, widgetContext: { ...call.widgetContext, accountId: cloud.accountId } };
  let answer: { FunctionError?: string; Payload?: Uint8Array };
  try {
    answer = await cloud.call({
      service: 'lambda',
      operation: 'Invoke',
      input: { FunctionName: call.endpoint, Payload: new TextEncoder().encode(JSON.stringify(event)) },
      principal: viewer(cloud),
      region: call.endpoint.split(':')[3] as string,
    });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { kind: 'error', message: `${error.code}: ${error.message}` };
  }
  const text = Buffer.from(answer.Payload ?? '').toString('utf8');
  const payload: unknown = text === '' ? null : JSON.parse(text);
  if (answer.FunctionError) return { kind: 'error', message: errorMessage(payload) };
  if (typeof payload === 'string') return { kind: 'html', html: payload };
  if (typeof payload === 'object' && payload && 'markdown' in payload)
    return { kind: 'markdown', markdown: String(payload.markdown) };
  return { kind: 'json', json: JSON.stringify(payload, null, 2) };
}

function errorMessage(payload: unknown): string {
  const { errorType, errorMessage: message } = (payload ?? {}) as { errorType?: string; errorMessage?: string };
  return `${errorType ?? 'Error'}: ${message ?? 'the function failed without a message'}`;
}

function viewer(cloud: RunningCloud): Principal {
  const arn = `arn:aws:iam::${cloud.accountId}:root`;
  return { kind: 'administrator', arn, identityArn: arn, sessionName: 'console' };
}
