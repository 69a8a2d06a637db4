import { AwsError, type Call, type Cloud, type Operation } from '../../cloud.ts';
import { pageOf } from './errors.ts';

const MOST_LISTED = 1_000;

/** Dashboards are kept and read back; the page renders them. */
export function dashboardOperations(
  dashboards: Map<string, { body: string; modifiedAt: Date }>,
  cloud: Cloud,
): Record<string, Operation> {
  const arn = (call: Call, name: string) => `arn:aws:cloudwatch::${call.accountId}:dashboard/${name}`;
  const missing = (name: string) =>
    new AwsError('DashboardNotFoundError', `Dashboard ${name} does not exist`, { httpStatus: 404 });
  return {
    PutDashboard: {
      validate: checkDashboard,
      access: (input, call) => [{ action: 'cloudwatch:PutDashboard', resource: arn(call, input.DashboardName) }],
      handle: (input: { DashboardName: string; DashboardBody: string }) => {
        dashboards.set(input.DashboardName, { body: input.DashboardBody, modifiedAt: cloud.clock.now() });
        return { DashboardValidationMessages: [] };
      },
    },
    GetDashboard: {
      access: (input, call) => [{ action: 'cloudwatch:GetDashboard', resource: arn(call, input.DashboardName) }],
      handle: (input: { DashboardName: string }, call) => {
        const found = dashboards.get(input.DashboardName);
        if (!found) throw missing(input.DashboardName);
        return {
          DashboardArn: arn(call, input.DashboardName),
          DashboardName: input.DashboardName,
          DashboardBody: found.body,
        };
      },
    },
    ListDashboards: {
      access: () => [{ action: 'cloudwatch:ListDashboards', resource: '*' }],
      handle(input: { DashboardNamePrefix?: string; NextToken?: string }, call) {
        const found = [...dashboards].filter(([name]) => name.startsWith(input.DashboardNamePrefix ?? ''));
        const { page, NextToken } = pageOf(found, MOST_LISTED, input.NextToken);
        const DashboardEntries = page.map(([name, { body, modifiedAt }]) => ({
          DashboardName: name,
          DashboardArn: arn(call, name),
          LastModified: modifiedAt,
          Size: Buffer.byteLength(body),
        }));
        return { DashboardEntries, NextToken };
      },
    },
    DeleteDashboards: {
      access: (input: { DashboardNames: string[] }, call) =>
        input.DashboardNames.map((name) => ({ action: 'cloudwatch:DeleteDashboards', resource: arn(call, name) })),
      // All of them or none.
      handle: (input: { DashboardNames: string[] }) => {
        const unknown = input.DashboardNames.find((name) => !dashboards.has(name));
        if (unknown !== undefined) throw missing(unknown);
        for (const name of input.DashboardNames) dashboards.delete(name);
        return {};
      },
    },
  };
}

function checkDashboard(input: { DashboardName: string; DashboardBody: string }): void {
  const refuse = (message: string) => new AwsError('DashboardInvalidInputError', message);
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(input.DashboardName)) {
    throw refuse(`The value ${input.DashboardName} for field DashboardName contains invalid characters.`);
  }
  try {
    const body: unknown = JSON.parse(input.DashboardBody);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return;
  } catch (cause) {
    throw new AwsError('DashboardInvalidInputError', 'The field DashboardBody must be a valid JSON object.', { cause });
  }
  throw refuse('The field DashboardBody must be a valid JSON object.');
}
