import type { Cloud } from '../../cloud.ts';
import { AwsError, type Call, type Operation } from '../../service.ts';

/** Dashboards are kept and read back; the page renders them. */
export function dashboardOperations(
  dashboards: Map<string, { body: string; modifiedAt: Date }>,
  cloud: Cloud,
): Record<string, Operation> {
  const arn = (call: Call, name: string) => `arn:aws:cloudwatch::${call.accountId}:dashboard/${name}`;
  return {
    PutDashboard: {
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
        if (!found)
          throw new AwsError('ResourceNotFound', `Dashboard ${input.DashboardName} does not exist`, {
            httpStatus: 404,
          });
        return {
          DashboardArn: arn(call, input.DashboardName),
          DashboardName: input.DashboardName,
          DashboardBody: found.body,
        };
      },
    },
    ListDashboards: {
      access: () => [{ action: 'cloudwatch:ListDashboards', resource: '*' }],
      handle: (input: { DashboardNamePrefix?: string }, call) => ({
        DashboardEntries: [...dashboards]
          .filter(([name]) => name.startsWith(input.DashboardNamePrefix ?? ''))
          .map(([name, { body, modifiedAt }]) => ({
            DashboardName: name,
            DashboardArn: arn(call, name),
            LastModified: modifiedAt,
            Size: Buffer.byteLength(body),
          })),
      }),
    },
    DeleteDashboards: {
      access: (input: { DashboardNames: string[] }, call) =>
        input.DashboardNames.map((name) => ({ action: 'cloudwatch:DeleteDashboards', resource: arn(call, name) })),
      handle: (input: { DashboardNames: string[] }) => {
        for (const name of input.DashboardNames) dashboards.delete(name);
        return {};
      },
    },
  };
}
