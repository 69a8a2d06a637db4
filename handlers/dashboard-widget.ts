import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { parse } from '../pipeline/contracts/parse.ts';
import { readStatuses } from '../pipeline/dashboard/read-statuses.ts';
import { WidgetEvent } from '../pipeline/dashboard/widget-event.ts';
import { renderWidget, WIDGET_DOCUMENTATION } from '../pipeline/dashboard/widget-html.ts';
import { environmentText, readEnvironment } from './wiring/environment.ts';

const environment = readEnvironment({
  AWS_REGION: environmentText,
  KEYTURN_SETTINGS_PREFIX: environmentText,
  KEYTURN_HISTORY_TABLE: environmentText,
  KEYTURN_PRESS_BUTTON_FUNCTION_ARN: environmentText,
});
const reader = {
  ssm: new SSMClient({}),
  secretsManager: new SecretsManagerClient({}),
  dynamodb: new DynamoDBClient({}),
  settingsPrefix: environment.KEYTURN_SETTINGS_PREFIX,
  historyTable: environment.KEYTURN_HISTORY_TABLE,
  now: () => new Date(),
};

/** The custom widget of the dashboard: HTML for CloudWatch. It reads, and changes nothing. */
export async function handler(event: unknown, context: { invokedFunctionArn: string }): Promise<string> {
  const { describe, page, widgetContext } = parse('The event of the widget', WidgetEvent, event);
  if (describe) return WIDGET_DOCUMENTATION;
  return renderWidget(await readStatuses(reader, page), {
    now: reader.now(),
    region: environment.AWS_REGION,
    theme: widgetContext.theme === 'dark' ? 'dark' : 'light',
    width: widgetContext.width,
    widgetFunctionArn: context.invokedFunctionArn,
    buttonFunctionArn: environment.KEYTURN_PRESS_BUTTON_FUNCTION_ARN,
    newPress: randomUUID,
  });
}
