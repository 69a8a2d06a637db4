/**
 * The policies of AWS's own that the laptop knows; attaching any other is refused, so that a role never means less here
 * than on AWS. https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
 */
type Statement = { Effect: 'Allow'; Action?: string | string[]; NotAction?: string[]; Resource: string | string[] };

const logs = ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'];
const xray = [
  'xray:PutTraceSegments',
  'xray:PutTelemetryRecords',
  'xray:GetSamplingRules',
  'xray:GetSamplingTargets',
  'xray:GetSamplingStatisticSummaries',
];
const networkInterfaces = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

const statements: Readonly<Record<string, Statement[]>> = {
  AdministratorAccess: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  PowerUserAccess: [
    { Effect: 'Allow', NotAction: ['iam:*', 'organizations:*', 'account:*'], Resource: '*' },
    { Effect: 'Allow', Action: ['iam:ListRoles', 'account:GetAccountInformation'], Resource: '*' },
  ],
  'service-role/AWSLambdaBasicExecutionRole': [{ Effect: 'Allow', Action: logs, Resource: '*' }],
  'service-role/AWSLambdaVPCAccessExecutionRole': [
    { Effect: 'Allow', Action: [...logs, ...networkInterfaces], Resource: '*' },
  ],
  'service-role/AWSLambdaRole': [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: '*' }],
  AWSXRayDaemonWriteAccess: [{ Effect: 'Allow', Action: xray, Resource: '*' }],
  CloudWatchLambdaInsightsExecutionRolePolicy: [
    { Effect: 'Allow', Action: 'logs:CreateLogGroup', Resource: '*' },
    {
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: 'arn:aws:logs:*:*:log-group:/aws/lambda-insights:*',
    },
  ],
};

export const awsManagedPolicies: ReadonlyMap<string, string> = new Map(
  Object.entries(statements).map(([name, Statement]) => [
    `arn:aws:iam::aws:policy/${name}`,
    JSON.stringify({ Version: '2012-10-17', Statement }),
  ]),
);
